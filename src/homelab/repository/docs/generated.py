"""The generated pages of a project: writing them, and finding those that are stale."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from homelab.model.hcl.modules import read_module
from homelab.operations.stages.check import load_topology, read_tree
from homelab.repository.docs.module_page import module_page
from homelab.repository.docs.picture import picture
from homelab.repository.docs.plan_example import can_show, plan_example
from homelab.repository.docs.policy_page import policy_page
from homelab.repository.docs.rights_page import rights_page
from homelab.repository.docs.settings_page import settings_page
from homelab.repository.docs.topology_page import topology_page
from homelab.settings import Settings

PAGE = "docs/topology.md"
PICTURE = "docs/topology.svg"
POLICY = "docs/policy.md"
SETTINGS = "docs/settings.md"
EXAMPLE = "docs/plan-example.md"
RIGHTS = "docs/security-rights.md"


def pages(settings: Settings) -> Mapping[str, str]:
    """Every generated page by its path in the project.

    Raises:
        TopologyError: what is declared can't be read.
        PolicyViolationError: it contradicts itself.
    """
    terraform = settings.project / "terraform"
    tree = read_tree(settings)
    topology = load_topology(settings, {}, tree=tree)
    made = {
        PAGE: topology_page(topology, picture=Path(PICTURE).name),
        PICTURE: picture(topology),
        POLICY: policy_page(),
        SETTINGS: settings_page(),
        RIGHTS: rights_page(),
    }
    if can_show(topology):
        made[EXAMPLE] = plan_example(settings.project, tree)
    for directory in sorted((terraform / "modules").glob("*")):
        if any(directory.glob("*.tf")):
            readme = (directory / "README.md").relative_to(settings.project)
            made[readme.as_posix()] = module_page(read_module(directory))
    return made


def write_pages(settings: Settings) -> tuple[str, ...]:
    """Write every page that is missing or stale; the paths that changed."""
    stale = _stale(settings)
    for name, text in stale.items():
        path = settings.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tuple(stale)


def stale_pages(settings: Settings) -> tuple[str, ...]:
    """The pages that are missing, or do not say what is declared."""
    return tuple(_stale(settings))


def _stale(settings: Settings) -> Mapping[str, str]:
    made = pages(settings).items()
    return {name: text for name, text in made if _read(settings.project / name) != text}


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None

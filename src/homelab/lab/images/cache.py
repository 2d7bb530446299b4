"""The cache of built templates: one directory per content, made once and never changed."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from homelab.errors import CapabilityError
from homelab.lab.images.build import build_tree
from homelab.lab.images.definition import TemplateDefinition, load_definitions
from homelab.private import require_private
from homelab.relay import Relay
from homelab.settings import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltTemplate:
    """A template that containers can be made from."""

    name: str
    """File name, such as debian-13-standard_13.0_amd64.tar.zst."""
    digest: str
    layers: tuple[Path, ...]
    """Trees to stack, the topmost first (overlayfs lowerdir order)."""
    size: int
    """Bytes of all layers."""


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the cache's lock, so that two processes never build the same thing."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ensure_templates(
    cache_dir: Path, *, on_line: Callable[[str], None], definitions: Path | None = None
) -> Mapping[str, BuiltTemplate]:
    """The templates by name; what is not in the cache is built, which takes some 30 s.

    `on_line` gets progress, one line at a time; nothing is said when everything is cached.

    Raises:
        CapabilityError: no space, or a program is missing.
        CommandError: the package tools failed.
    """
    root = cache_dir / "templates"
    if os.geteuid() == 0:
        _keep_private(root)
    wanted = load_definitions(definitions)
    if len(found := _from_cache(root, wanted)) == len(wanted):
        return _by_name(found)
    if os.geteuid() != 0:
        raise CapabilityError("building container templates needs root", hint="run with sudo")
    with Relay(on_line) as tell, locked(root):
        for leftover in root.glob(".build-*"):
            shutil.rmtree(leftover)
        for definition in wanted:
            found = _from_cache(root, wanted)
            if definition.key not in found:
                _build(root, definition, found.get(definition.base), on_line=tell)
    return _by_name(_from_cache(root, wanted))


def _keep_private(root: Path) -> None:
    """Let nobody else into the templates: their privileged programs belong to the containers' ids."""
    require_private(root, what="container templates", caller=Environment.read().sudo_user)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    root.chmod(0o700)


def _by_name(found: Mapping[str | None, BuiltTemplate]) -> dict[str, BuiltTemplate]:
    return {template.name: template for template in found.values()}


def _from_cache(
    root: Path, wanted: tuple[TemplateDefinition, ...]
) -> dict[str | None, BuiltTemplate]:
    """What is built, by the definition's key; nothing is where its base is not."""
    built: dict[str | None, BuiltTemplate] = {}
    for definition in wanted:
        base = built.get(definition.base)
        if definition.base is not None and base is None:
            continue
        digest = definition.digest(base.digest if base else None)
        tree = root / f"{definition.key}-{digest}"
        with suppress(OSError):
            size = int(json.loads((tree / "template.json").read_text(encoding="utf-8"))["size"])
            built[definition.key] = BuiltTemplate(
                name=definition.name,
                digest=digest,
                layers=(tree / "rootfs", *(base.layers if base else ())),
                size=size + (base.size if base else 0),
            )
    return built


def _build(
    root: Path,
    definition: TemplateDefinition,
    base: BuiltTemplate | None,
    *,
    on_line: Callable[[str], None],
) -> None:
    on_line(f"{definition.key}: building the template {definition.name}")
    digest = definition.digest(base.digest if base else None)
    build = root / f".build-{definition.key}-{os.getpid()}"
    build.mkdir(mode=0o755)
    try:
        build_tree(
            definition,
            build / "rootfs",
            bases=base.layers if base else (),
            on_line=lambda line: on_line(f"{definition.key}: {line}"),
        )
        size = _tree_size(build / "rootfs")
        record = {"name": definition.name, "size": size}
        (build / "template.json").write_text(json.dumps(record), encoding="utf-8")
        build.rename(root / f"{definition.key}-{digest}")
    except BaseException:
        shutil.rmtree(build, ignore_errors=True)
        raise
    on_line(f"{definition.key}: done, {size >> 20} MiB")


def _tree_size(root: Path) -> int:
    total = 0
    for directory, _, files in os.walk(root):
        total += sum(Path(directory, name).lstat().st_size for name in files)
    return total

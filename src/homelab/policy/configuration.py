"""The policy's part of homelab.toml as capacities and waivers."""

from __future__ import annotations

from pathlib import Path

from homelab.errors import ConfigurationError
from homelab.model.hcl import SourceLine
from homelab.policy.capacity import Capacity, NodeCapacity
from homelab.policy.waivers import Waiver
from homelab.pve.sizes import parse_size
from homelab.settings import SETTINGS_FILES, PolicySettings

_MIB = 1 << 20
_TABLE = "[[policy.waivers]]"


def capacity_of(settings: PolicySettings) -> Capacity:
    """What the nodes and storages have to give.

    Raises:
        ConfigurationError: a size is none.
    """
    try:
        return Capacity(
            nodes={
                name: NodeCapacity(cores=node.cores, memory=parse_size(node.memory) // _MIB)
                for name, node in settings.nodes.items()
            },
            storages={name: parse_size(size) for name, size in settings.storages.items()},
            memory_ratio=settings.memory_ratio,
            cores_ratio=settings.cores_ratio,
            storage_ratio=settings.storage_ratio,
        )
    except ValueError as error:
        raise ConfigurationError(f"[policy] of {SETTINGS_FILES[0]}: {error}") from error


def waivers_of(settings: PolicySettings, project: Path) -> tuple[Waiver, ...]:
    """The waivers, each with its line in homelab.toml."""
    lines = _lines(project / SETTINGS_FILES[0])
    file = Path(SETTINGS_FILES[0])
    return tuple(
        Waiver(
            rule=waiver.rule,
            item=waiver.item,
            reason=waiver.reason,
            expires=waiver.expires,
            place=SourceLine(file, lines[index]) if index < len(lines) else None,
        )
        for index, waiver in enumerate(settings.waivers)
    )


def _lines(path: Path) -> list[int]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return []
    return [n for n, line in enumerate(text.splitlines(), 1) if line.strip().startswith(_TABLE)]

"""What the nodes and storages have to give, as homelab.toml states it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCapacity:
    """A node's processors and memory (MiB)."""

    cores: int
    memory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Nodes and storages by name, and how far they may be promised away."""

    nodes: Mapping[str, NodeCapacity] = field(default_factory=dict)
    storages: Mapping[str, int] = field(default_factory=dict)
    """Bytes."""
    memory_ratio: float = 1.0
    """Memory promised to containers over the node's."""
    cores_ratio: float = 4.0
    storage_ratio: float = 1.0

"""What a server is told when it is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from homelab.lab.runtime import RuntimeKind
from homelab.options.declared import LISTEN
from homelab.options.lab import NodeOptions

DEFAULT_LISTEN = str(LISTEN.default)
DEFAULT_NODE = "pve"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions(NodeOptions):
    """What a server needs to know; its process is told it word by word."""

    state: Path
    cache: Path
    runtime: RuntimeKind
    listen: str = DEFAULT_LISTEN
    bridges: Mapping[str, str] | None = None
    """None: as before, or the default ones."""
    node: str = DEFAULT_NODE
    notes: tuple[str, ...] = ()

"""What a server is told when it is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from homelab.lab.runtime import RuntimeKind

DEFAULT_LISTEN = "127.0.0.1:8006"
DEFAULT_NODE = "pve"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What a server needs to know."""

    state: Path
    cache: Path
    runtime: RuntimeKind
    listen: str = DEFAULT_LISTEN
    bridges: Mapping[str, str] | None = None
    """None: as before, or the default ones."""
    node: str = DEFAULT_NODE
    notes: tuple[str, ...] = ()
    nodes: int | None = None
    """How many nodes the cluster has; None: as before, or one."""
    pve_version: str | None = None
    """Such as 8 or 9.1.1; None: as before, or 9."""
    resources_lag: float | None = None
    """Seconds that /cluster/resources lags behind; None: not at all."""
    request_log: Path | None = None
    """A file that every request is noted in."""

"""The lab's options: what may be said about it, and where that leads."""

# No `from __future__ import annotations`: annotations are read here, and texts would be evaluated.

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from homelab.options import declared
from homelab.options.declared import RuntimeChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOptions:
    """What a server that starts is like; None: as before, or the default."""

    nodes: Annotated[int | None, declared.NODES] = None
    pve_version: Annotated[str | None, declared.PVE_VERSION] = None
    resources_lag: Annotated[float | None, declared.RESOURCES_LAG] = None
    """In seconds."""
    request_log: Annotated[Path | None, declared.REQUEST_LOG] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabOptions(NodeOptions):
    """What a command line may say about the lab; None where it says nothing."""

    runtime: Annotated[RuntimeChoice | None, declared.RUNTIME] = None
    listen: Annotated[str | None, declared.LISTEN] = None
    state: Annotated[Path | None, declared.STATE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabSettings(LabOptions):
    """Where the lab is, and how it runs containers: the options, each with a value."""

    runtime: Annotated[RuntimeChoice, declared.RUNTIME]
    listen: Annotated[str, declared.LISTEN]
    state: Annotated[Path, declared.STATE]

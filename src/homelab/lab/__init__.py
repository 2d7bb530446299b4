"""The lab: an embedded Proxmox VE node that speaks PVE's API and runs every container for real."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from homelab.lab.lab import Lab
    from homelab.lab.node.faults import Fault
    from homelab.lab.server.faults_client import Control
    from homelab.lab.server.info import LabInfo, LabStatus

__all__ = ["Control", "Fault", "Lab", "LabInfo", "LabStatus"]

_MODULES = {
    "Control": "server.faults_client",
    "Fault": "node.faults",
    "Lab": "lab",
    "LabInfo": "server.info",
    "LabStatus": "server.info",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: the server has no need of what starts it."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module 'homelab.lab' has no attribute {name!r}")
    value: object = getattr(import_module(f"homelab.lab.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted({*globals(), *__all__})

"""The lab: an embedded Proxmox VE node that speaks PVE's API and runs every container for real."""

from __future__ import annotations

from homelab.lab.control import Control
from homelab.lab.faults import Fault
from homelab.lab.info import LabInfo, LabStatus
from homelab.lab.lifecycle import Lab

__all__ = ["Control", "Fault", "Lab", "LabInfo", "LabStatus"]

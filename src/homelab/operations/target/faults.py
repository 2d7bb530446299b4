"""Faults of the lab that runs, for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homelab.operations.target.lab_options import lab_around, open_lab
from homelab.options.lab import LabOptions

if TYPE_CHECKING:
    from homelab.lab import Control, Fault


def add_fault(options: LabOptions, fault: Fault) -> Fault:
    """Add a fault to the running lab; returns it with its number."""
    return _control(options).add_fault(fault)


def list_faults(options: LabOptions) -> tuple[Fault, ...]:
    """The faults of the running lab."""
    return _control(options).faults()


def clear_faults(options: LabOptions, identity: str | None) -> int:
    """Remove one fault, or all; returns how many."""
    return _control(options).clear_faults(identity)


def _control(options: LabOptions) -> Control:
    return open_lab(lab_around(options)).control()

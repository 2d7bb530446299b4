"""Faults of the lab that runs, for the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from homelab.operations.target.lab_options import (
    LabOptions,
    lab_place,
    lab_target,
    open_lab,
    settings_if_any,
)
from homelab.settings import Environment

if TYPE_CHECKING:
    from homelab.lab import Control, Fault


def add_fault(state: Path | None, fault: Fault) -> Fault:
    """Add a fault to the running lab; returns it with its number."""
    return _control(state).add_fault(fault)


def list_faults(state: Path | None) -> tuple[Fault, ...]:
    """The faults of the running lab."""
    return _control(state).faults()


def clear_faults(state: Path | None, identity: str | None) -> int:
    """Remove one fault, or all; returns how many."""
    return _control(state).clear_faults(identity)


def _control(state: Path | None) -> Control:
    place = lab_place(LabOptions(state=state), lab_target(settings_if_any()), Environment.read())
    return open_lab(place).control()

"""Failing a test with a message that names the container, its service and what was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from homelab.escaping import terminal

if TYPE_CHECKING:
    from homelab.model import Container


def expect(container: Container, holds: bool, seen: str) -> None:  # noqa: FBT001
    """Fail the test unless `holds`; `seen` says what is the case instead."""
    if not holds:
        fail(container, seen)


def fail(container: Container, seen: str) -> NoReturn:
    """Fail the test with what was seen, and no traceback."""
    about = f"container {container.name} (vmid {container.vmid}, service {container.service.image})"
    pytest.fail(terminal(f"{about}: {seen}"), pytrace=False)

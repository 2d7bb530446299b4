"""Failing a test with a message that names the container and the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from homelab.model import Container


def expect(container: Container, holds: bool, seen: str) -> None:  # noqa: FBT001
    """Fail the test unless `holds`, with what was `seen` and no traceback."""
    if not holds:
        pytest.fail(
            f"container {container.name} (vmid {container.vmid}, service "
            f"{container.service.image}): {seen}",
            pytrace=False,
        )

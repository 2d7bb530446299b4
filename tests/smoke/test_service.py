"""Whether each service answers its health endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homelab import probes

if TYPE_CHECKING:
    from homelab.model import Container
    from homelab.pytest_plugin.access import Access


def test_health_endpoint(container: Container, access: Access) -> None:
    result = probes.probe(container, timeout=5)

    assert result.ok, str(result)

"""Whether each service answers its health endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from homelab import probes

if TYPE_CHECKING:
    from homelab.model import Container


@pytest.mark.usefixtures("access")
def test_health_endpoint(container: Container) -> None:
    result = probes.probe(container, timeout=5)

    if not result.ok:
        pytest.fail(str(result), pytrace=False)

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homelab.model import Topology, document_of

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="session")
def declared() -> dict[str, Any]:
    """What this project declares; tests change copies."""
    return {**document_of(Topology.load(ROOT / "terraform")), "firewall_policy": "DROP"}

from __future__ import annotations

import re

import pytest

from homelab.lab.api.refused import REFUSED
from homelab.lab.api.router import Router
from homelab.lab.api.table import ENDPOINTS

_WHOLE = [path for path in REFUSED if "(" not in path]
_WRITES = [path.removesuffix(" (writes)") for path in REFUSED if path.endswith(" (writes)")]


@pytest.mark.parametrize("path", _WHOLE)
def test_what_is_refused_is_not_served(path: str) -> None:
    served = Router(ENDPOINTS)
    asked = re.sub(r"{\w+}", "100", path)
    assert [m for m in ("GET", "POST", "PUT", "DELETE") if served.find(m, asked)] == []


@pytest.mark.parametrize("path", _WRITES)
def test_what_is_only_read_is_read(path: str) -> None:
    served = Router(ENDPOINTS)
    asked = re.sub(r"{\w+}", "100", path)
    assert [m for m in ("GET", "POST", "PUT", "DELETE") if served.find(m, asked)] == ["GET"]


def test_a_client_is_told_501(node) -> None:
    answer = node.ask("GET", "/cluster/ceph")
    assert (answer.status, answer.reason) == (501, "Method 'GET /cluster/ceph' not implemented")

from __future__ import annotations

from homelab.lab.api.table import ENDPOINTS
from homelab.repository.docs.rights_page import rights_page


def test_each_endpoint_is_told_once_with_its_right_and_its_source() -> None:
    rows = [line for line in rights_page().splitlines() if " `/" in line]
    assert len(rows) == len(ENDPOINTS)
    for endpoint, row in zip(ENDPOINTS, rows, strict=True):
        assert row.startswith(f"| {endpoint.method} `{endpoint.path}` |")
        assert row.rstrip(" |").rpartition("| ")[2].lstrip("`").startswith("PVE::")

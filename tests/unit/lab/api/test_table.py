from __future__ import annotations

import re
from collections import Counter

from homelab.lab.api.rights import asked_first, variables
from homelab.lab.api.table import ENDPOINTS


def test_each_method_and_path_is_served_once() -> None:
    counted = Counter((endpoint.method, endpoint.path) for endpoint in ENDPOINTS)
    assert [key for key, count in counted.items() if count > 1] == []


def test_what_is_asked_first_names_only_what_a_request_has() -> None:
    """Else the dispatcher could not fill it in; a user's realm is part of its name."""
    for endpoint in ENDPOINTS:
        first = asked_first(endpoint.permission)
        if first is not None:
            given = {*re.findall(r"{(\w+)\*?}", endpoint.path), *endpoint.parameters}
            derived = {"realm"} if "userid" in given else set()
            assert variables(first) <= given | derived, endpoint.path


def test_what_is_quick_only_reads() -> None:
    assert {endpoint.method for endpoint in ENDPOINTS if endpoint.quick} == {"GET"}


def test_what_needs_no_login_is_pves() -> None:
    assert {(e.method, e.path) for e in ENDPOINTS if e.permission == "world"} == {
        ("GET", "/access/domains"),
        ("GET", "/access/ticket"),
        ("POST", "/access/ticket"),
    }

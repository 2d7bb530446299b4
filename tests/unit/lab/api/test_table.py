from __future__ import annotations

import re
from collections import Counter

from homelab.lab.api.rights import Privilege
from homelab.lab.api.table import ENDPOINTS


def test_each_method_and_path_is_served_once() -> None:
    counted = Counter((endpoint.method, endpoint.path) for endpoint in ENDPOINTS)
    assert [key for key, count in counted.items() if count > 1] == []


def test_a_privilege_names_only_variables_of_its_path() -> None:
    """Else the dispatcher could not fill them in."""
    for endpoint in ENDPOINTS:
        if isinstance(endpoint.permission, Privilege):
            wanted = set(re.findall(r"{(\w+)}", endpoint.permission.path))
            assert wanted <= set(re.findall(r"{(\w+)\*?}", endpoint.path)), endpoint.path


def test_what_is_quick_only_reads() -> None:
    assert {endpoint.method for endpoint in ENDPOINTS if endpoint.quick} == {"GET"}


def test_what_needs_no_login_is_pves() -> None:
    assert {(e.method, e.path) for e in ENDPOINTS if e.permission == "world"} == {
        ("GET", "/access/domains"),
        ("GET", "/access/ticket"),
        ("POST", "/access/ticket"),
    }

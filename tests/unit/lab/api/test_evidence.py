from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.api.evidence import ledger, parse, render
from homelab.lab.api.table import ENDPOINTS

_KEYS = st.tuples(
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    st.from_regex(r"(/[a-z{}]{1,8}){1,3}", fullmatch=True),
)


@given(st.dictionaries(st.sampled_from(["ansible", "go", "node"]), st.sets(_KEYS, max_size=4)))
def test_what_is_written_is_read_back(runs) -> None:
    found = parse(render(runs))
    assert {(client, key) for key, clients in found.items() for client in clients} == {
        (client, key) for client, keys in runs.items() for key in keys
    }


def test_rows_are_sorted_by_path_so_that_a_change_is_a_small_difference() -> None:
    text = render({"b": [("PUT", "/x"), ("GET", "/y")], "a": [("GET", "/x"), ("PUT", "/x")]})
    assert list(json.loads(text).items()) == [
        ("GET /x", ["a"]),
        ("PUT /x", ["a", "b"]),
        ("GET /y", ["b"]),
    ]


def test_the_ledger_speaks_of_endpoints_that_there_are() -> None:
    assert set(ledger()) <= {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}


def test_a_ledger_is_read_as_it_was_written() -> None:
    runs = {"b": [("GET", "/version")], "a": [("GET", "/version"), ("POST", "/pools")]}
    assert parse(render(runs)) == {("GET", "/version"): ("a", "b"), ("POST", "/pools"): ("a",)}


def test_the_ledger_names_endpoints_that_are_served() -> None:
    served = {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    assert set(ledger()) <= served
    assert len(ledger()) > len(served) / 2

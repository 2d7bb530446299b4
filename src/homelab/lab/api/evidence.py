"""Which endpoints were driven by clients that others wrote, as the conformance tests saw it.

The data is `evidence.json` beside this module. tests/integration/test_real_clients.py compares it
with what the clients do, and says where it wrote what it saw.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

Key = tuple[str, str]
"""Method and path of an endpoint, as the table has them."""


@cache
def ledger() -> Mapping[Key, tuple[str, ...]]:
    """The names of the clients that drove an endpoint with success, by endpoint."""
    text = files("homelab.lab.api").joinpath("evidence.json").read_text(encoding="utf-8")
    return parse(text)


def parse(text: str) -> Mapping[Key, tuple[str, ...]]:
    """Read a ledger."""
    found: dict[Key, tuple[str, ...]] = {}
    for name, clients in json.loads(text).items():
        method, _, path = name.partition(" ")
        found[method, path] = tuple(clients)
    return found


def render(runs: Mapping[str, Iterable[Key]]) -> str:
    """Write a ledger: what each client drove, as the file's text."""
    by_endpoint: dict[Key, set[str]] = {}
    for client, keys in runs.items():
        for key in keys:
            by_endpoint.setdefault(key, set()).add(client)
    rows = sorted(by_endpoint.items(), key=lambda row: (row[0][1], row[0][0]))
    return json.dumps({" ".join(key): sorted(clients) for key, clients in rows}, indent=2) + "\n"

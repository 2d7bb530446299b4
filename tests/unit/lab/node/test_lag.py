from __future__ import annotations

from dataclasses import replace

import pytest

from homelab.lab.api.cluster.resources import see
from homelab.lab.api.dispatch import Dispatcher
from homelab.lab.node.lag import Lag


@pytest.fixture
def lagging(node):
    context = replace(node.context, lag=Lag(10.0))
    return replace(node, context=context, dispatcher=Dispatcher(context))


def _shown(node) -> list[dict[str, object]]:
    return list(node.ask("GET", "/cluster/resources", type="vm").data)


def test_a_new_guest_has_no_name_and_an_unknown_status_until_it_was_seen(lagging) -> None:
    lagging.create(100, hostname="new", tags="a")
    [row] = _shown(lagging)
    assert (row["vmid"], row["node"], row["tags"], row["status"]) == (100, "pve", "a", "unknown")
    assert "name" not in row
    see(lagging.context)
    [row] = _shown(lagging)
    assert (row["name"], row["status"]) == ("new", "stopped")


def test_a_start_shows_when_it_was_seen(lagging) -> None:
    lagging.create(100)
    see(lagging.context)
    lagging.wait(lagging.ask("POST", "/nodes/pve/lxc/100/status/start").data)
    assert [row["status"] for row in _shown(lagging)] == ["stopped"]
    assert lagging.status(100)["status"] == "running"
    see(lagging.context)
    assert [row["status"] for row in _shown(lagging)] == ["running"]


def test_tags_and_what_is_gone_show_at_once(lagging) -> None:
    lagging.create(100, tags="a")
    see(lagging.context)
    lagging.ask("PUT", "/nodes/pve/lxc/100/config", tags="b")
    assert [row["tags"] for row in _shown(lagging)] == ["b"]
    lagging.wait(lagging.ask("DELETE", "/nodes/pve/lxc/100").data)
    assert _shown(lagging) == []

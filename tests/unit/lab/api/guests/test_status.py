from __future__ import annotations

import pytest

from homelab.lab.node.faults import Fault

_KEPT = {"cpu", "disk", "diskread", "diskwrite", "mem", "netin", "netout", "swap", "uptime"}


def test_a_stopped_guest_uses_nothing(node) -> None:
    node.create(cores=2, memory=1024, swap=0, rootfs="local-zfs:8")
    status = node.status()
    assert {status[name] for name in _KEPT} == {0}
    assert (status["cpus"], status["maxmem"], status["maxswap"]) == (2, 1 << 30, 0)
    assert status["maxdisk"] == 8 << 30
    assert "pid" not in status


@pytest.mark.parametrize(
    ("options", "cpus"),
    [({}, 1), ({"cores": 3}, 3), ({"cpulimit": 2}, 2), ({"cpulimit": 0.5}, 1)],
)
def test_how_many_processors_a_guest_is_shown_with(node, options, cpus: int) -> None:
    node.create(**options)
    assert node.status()["cpus"] == cpus


def test_a_running_guest_has_a_process(node) -> None:
    node.create(start=1, tags="a;b")
    status = node.status()
    assert status["pid"] > 0
    assert (status["name"], status["tags"]) == ("CT100", "a;b")


def test_lists_leave_out_what_pve_leaves_out(node) -> None:
    node.create(start=1)
    (row,) = node.ask("GET", "/cluster/resources", type="vm").data
    assert {"maxswap", "swap", "pid", "cpus"}.isdisjoint(row)
    assert (row["maxcpu"], row["node"], row["template"]) == (1, "pve", 0)


def test_of_a_node_that_is_down_nothing_is_known(open_node) -> None:
    node = open_node(nodes=("pve", "pve2"))
    node.create(start=1)
    node.wait(node.ask("POST", "/nodes/pve/lxc/100/migrate", target="pve2", restart=1).data)
    node.context.faults.add(Fault(node_down="pve2"))
    (row,) = node.ask("GET", "/cluster/resources", type="vm").data
    assert (row["node"], row["status"]) == ("pve2", "unknown")

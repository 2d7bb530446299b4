from __future__ import annotations

import json

import pytest

from homelab.errors import ConfigurationError
from homelab.lab.api.dispatch import Request
from homelab.lab.node.faults import Fault

L = "/nodes/pve/lxc/100"


def _own(node, method: str, /, **value: object):
    body = json.dumps(value).encode() if value else b""
    return node.raw(Request(method=method, path="/lab/faults", headers=node.headers, body=body))


def test_the_first_calls_fail_and_the_rest_goes_on(node) -> None:
    node.create()
    _own(node, "POST", path="/nodes/*/lxc/100/config", method="GET", status=503, times=2)
    answers = [node.ask("GET", f"{L}/config").status for _ in range(4)]
    assert answers == [503, 503, 200, 200]
    (fault,) = _own(node, "GET").data
    assert (fault["hits"], fault["seen"]) == (2, 4)
    assert _own(node, "DELETE").data == 1


def test_counters_outlive_the_server(open_node) -> None:
    before = open_node()
    before.context.faults.add(Fault(path="/version", times=1, after=1, message="gone"))
    assert before.ask("GET", "/version").status == 200
    after = open_node()
    assert after.ask("GET", "/version").reason == "gone"
    assert after.ask("GET", "/version").status == 200


def test_chance_is_the_same_every_time(open_node) -> None:
    node = open_node()

    def run() -> list[int]:
        node.context.faults.clear()
        node.context.faults.add(Fault(path="/version", probability=0.5, seed=7))
        return [node.ask("GET", "/version").status for _ in range(20)]

    first = run()
    assert run() == first
    assert {200, 500} == set(first)


def test_a_lock_that_can_not_be_had(node) -> None:
    node.create()
    node.context.faults.add(Fault(path=f"{L}/config", method="PUT", lock_timeout=True))
    answer = node.ask("PUT", f"{L}/config", cores=2)
    assert answer.status == 500
    assert answer.reason == "can't lock file '/run/lock/lxc/pve-config-100.lock' - got timeout"


def test_a_task_fails_and_leaves_nothing(node) -> None:
    node.context.faults.add(Fault(task="vzcreate", message="no space left on device", times=1))
    status = node.create()
    assert status["exitstatus"] == "no space left on device"
    assert node.ask("GET", "/cluster/resources", type="vm").data == []
    assert node.create()["exitstatus"] == "OK"


def test_a_dropped_connection_has_no_reply(node) -> None:
    node.context.faults.add(Fault(path="/version", drop=True))
    assert node.ask("GET", "/version").reply.status == 0


def test_a_node_that_is_down(open_node) -> None:
    node = open_node(nodes=("pve", "pve2"))
    created = node.ask(
        "POST",
        "/nodes/pve2/lxc",
        vmid=100,
        ostemplate="local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst",
        rootfs="local-zfs:4",
    )
    node.wait(created.data)
    node.context.faults.add(Fault(node_down="pve2"))
    answer = node.ask("GET", "/nodes/pve2/lxc/100/config")
    assert (answer.status, answer.reason) == (595, "No route to host")
    assert [row["status"] for row in node.ask("GET", "/nodes").data] == ["online", "offline"]
    (row,) = node.ask("GET", "/cluster/resources", type="vm").data
    assert (row["node"], row["status"]) == ("pve2", "unknown")


@pytest.mark.parametrize(
    "fault",
    [Fault(), Fault(path="/x", task="vzstart"), Fault(path="/x", probability=2)],
)
def test_a_fault_that_means_nothing_is_refused(fault) -> None:
    with pytest.raises(ConfigurationError):
        fault.check()


def test_only_root_may_break_the_node(node) -> None:
    node.ask("POST", "/access/users", userid="ann@pve", password="long enough")
    ann = node.log_in("ann@pve", "long enough")
    assert _own(ann, "GET").status == 403
    assert _own(node, "POST", colour="red").status == 400
    assert _own(node, "PUT").status == 501

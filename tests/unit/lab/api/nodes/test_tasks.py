from __future__ import annotations

import pytest

from homelab.lab.api.nodes.tasks import task_row, task_status
from homelab.lab.state.database import TaskRecord


def test_tasks_are_listed_and_paged(node) -> None:
    first = node.create(100)
    node.create(101, net0="name=eth0,bridge=none", start=1)
    rows = node.ask("GET", "/nodes/pve/tasks")
    assert [row["id"] for row in rows.data] == ["101", "100"]
    assert rows.content["total"] == 2
    assert node.ask("GET", "/nodes/pve/tasks", source="active").data == []
    assert [row["id"] for row in node.ask("GET", "/nodes/pve/tasks", errors=1).data] == ["101"]
    for word, ids in (("ok", ["100"]), ("error", ["101"]), ("ok,error", ["101", "100"])):
        found = node.ask("GET", "/nodes/pve/tasks", statusfilter=word).data
        assert [row["id"] for row in found] == ids
    assert [row["id"] for row in node.ask("GET", "/nodes/pve/tasks", vmid=100).data] == ["100"]
    log = node.ask("GET", f"/nodes/pve/tasks/{first['upid']}/log", start=1, limit=1)
    assert log.data[0]["n"] == 2
    assert log.content["total"] == 3
    assert len(node.ask("GET", "/cluster/tasks").data) == 2


def test_the_user_of_a_token_is_shown_apart(node) -> None:
    status = node.as_token().create()
    assert "!homelab:" in status["upid"]
    assert (status["user"], status["tokenid"]) == ("root@pam", "homelab")


@pytest.mark.parametrize(
    ("upid", "text"),
    [
        ("nonsense", "unable to parse worker upid"),
        ("UPID:pve:000073B0:000235E3:6B05D090:vzcreate:100:root@pam:", "no such task"),
    ],
)
def test_unknown_tasks(node, upid, text) -> None:
    answer = node.ask("GET", f"/nodes/pve/tasks/{upid}/status")
    assert (answer.status, answer.errors) == (400, {"upid": text})


def test_a_node_knows_its_own_tasks_and_the_cluster_knows_all(open_node) -> None:
    node = open_node(nodes=("pve", "pve2"))
    upid = node.create()["upid"]
    assert [row["upid"] for row in node.ask("GET", "/nodes/pve/tasks").data] == [upid]
    assert node.ask("GET", "/nodes/pve2/tasks").data == []
    answer = node.ask("GET", f"/nodes/pve2/tasks/{upid}/log")
    assert (answer.status, answer.errors) == (400, {"upid": "no such task"})
    assert [row["upid"] for row in node.ask("GET", "/cluster/tasks").data] == [upid]


_UPID = "UPID:pve:000073B0:000235E3:6B05D090:vzcreate:100:root@pam!ci:"


@pytest.mark.parametrize(
    ("end", "row", "status"),
    [
        ((None, None), {"status": "RUNNING"}, {"status": "running"}),
        (
            (1795543200, "OK"),
            {"status": "OK", "endtime": 1795543200},
            {"status": "stopped", "exitstatus": "OK"},
        ),
        (
            (1795543200, "no space"),
            {"status": "no space", "endtime": 1795543200},
            {"status": "stopped", "exitstatus": "no space"},
        ),
    ],
)
def test_lists_and_a_tasks_own_status_say_its_end_differently(end, row, status) -> None:
    """As PVE does: upper case and the end's text in lists, two fields in the task's own status."""
    record = TaskRecord(upid=_UPID, starttime=1795543184, endtime=end[0], exitstatus=end[1])
    named = {
        "upid": _UPID,
        "node": "pve",
        "pid": 0x73B0,
        "pstart": 0x235E3,
        "starttime": 0x6B05D090,
        "type": "vzcreate",
        "id": "100",
        "user": "root@pam",
        "tokenid": "ci",
    }
    assert task_row(record) == {**named, **row}
    assert task_status(record) == {**named, **status}

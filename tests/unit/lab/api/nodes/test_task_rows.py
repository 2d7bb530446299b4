from __future__ import annotations

import pytest

from homelab.lab.api.nodes.task_rows import task_row, task_status
from homelab.lab.state.database import TaskRecord

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

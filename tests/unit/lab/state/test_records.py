from __future__ import annotations

from homelab.lab.state.records import TaskRecord
from homelab.pve.upid import Upid


def _task(upid: str) -> TaskRecord:
    return TaskRecord(upid=upid, starttime=0, endtime=None, exitstatus=None)


def test_a_task_is_named_by_its_id() -> None:
    text = "UPID:pve:0000C530:00000001:6B08AB51:vzcreate:100:root@pam:"
    assert _task(text).name == Upid.parse(text)


def test_a_damaged_id_is_no_name() -> None:
    assert _task("garbage").name is None

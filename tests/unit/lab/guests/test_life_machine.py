"""Any order of a guest's events, with the server killed in between: API, state and volumes agree."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

_VMIDS = range(100, 104)


@dataclass(frozen=True)
class _Expected:
    cores: int
    content: str
    running: bool = False
    snapshots: tuple[tuple[str, int, str], ...] = field(default=())


class _Machine(RuleBasedStateMachine):
    def __init__(self, open_node: Callable[..., Any], directory: Path) -> None:
        super().__init__()
        self.open_node, self.directory = open_node, directory

    @initialize()
    def begin(self) -> None:
        for name in ("lab.db", "lab.db-wal", "lab.db-shm", "memory", "tasks"):
            path = self.directory / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        self.node = self.open_node()
        self.guests: dict[int, _Expected] = {}
        self.words = 0

    def _do(self, method: str, path: str, **parameters: object) -> str:
        answer = self.node.ask(method, path, **parameters)
        return str(self.node.wait(answer.data)["exitstatus"])

    def _pick(self, number: int) -> int:
        return sorted(self.guests)[number % len(self.guests)]

    def _root(self, vmid: int) -> str:
        return str(self.node.config(vmid)["rootfs"]).partition(",")[0]

    @rule(vmid=st.sampled_from(_VMIDS), cores=st.integers(1, 4))
    def create(self, vmid: int, cores: int) -> None:
        if vmid in self.guests:
            answer = self.node.ask(
                "POST", "/nodes/pve/lxc", vmid=vmid, ostemplate="x", rootfs="local-zfs:1"
            )
            assert answer.status == 500
            return
        assert self.node.create(vmid, cores=cores)["exitstatus"] == "OK"
        content = self.node.runtime.volumes.content(self._root(vmid))
        self.guests[vmid] = _Expected(cores=cores, content=content)

    @precondition(lambda self: self.guests)
    @rule(number=st.integers(0, 9), cores=st.integers(1, 4))
    def configure(self, number: int, cores: int) -> None:
        vmid = self._pick(number)
        assert self.node.ask("PUT", f"/nodes/pve/lxc/{vmid}/config", cores=cores).data is None
        self.guests[vmid] = replace(self.guests[vmid], cores=cores)

    @precondition(lambda self: self.guests)
    @rule(number=st.integers(0, 9))
    def write(self, number: int) -> None:
        vmid = self._pick(number)
        self.words += 1
        self.node.runtime.volumes.write(self._root(vmid), f"word {self.words}")
        self.guests[vmid] = replace(self.guests[vmid], content=f"word {self.words}")

    @precondition(lambda self: self.guests)
    @rule(number=st.integers(0, 9))
    def switch(self, number: int) -> None:
        vmid = self._pick(number)
        running = self.guests[vmid].running
        action = "stop" if running else "start"
        assert self._do("POST", f"/nodes/pve/lxc/{vmid}/status/{action}") == "OK"
        self.guests[vmid] = replace(self.guests[vmid], running=not running)

    @precondition(lambda self: self.guests)
    @rule(number=st.integers(0, 9))
    def take(self, number: int) -> None:
        vmid = self._pick(number)
        known = self.guests[vmid]
        self.words += 1
        name = f"s{self.words}"
        assert self._do("POST", f"/nodes/pve/lxc/{vmid}/snapshot", snapname=name) == "OK"
        kept = (*known.snapshots, (name, known.cores, known.content))
        self.node.runtime.volumes.write(self._root(vmid), f"after {name}")
        self.guests[vmid] = replace(known, snapshots=kept, content=f"after {name}")

    @precondition(lambda self: any(g.snapshots for g in self.guests.values()))
    @rule(number=st.integers(0, 9))
    def go_back(self, number: int) -> None:
        having = sorted(vmid for vmid, guest in self.guests.items() if guest.snapshots)
        vmid = having[number % len(having)]
        known = self.guests[vmid]
        name, cores, content = known.snapshots[-1]
        path = f"/nodes/pve/lxc/{vmid}/snapshot/{name}"
        assert self._do("POST", f"{path}/rollback") == "OK"
        assert self._do("DELETE", path) == "OK"
        self.guests[vmid] = replace(
            known,
            cores=cores,
            content=content,
            running=False,
            snapshots=known.snapshots[:-1],
        )

    @precondition(lambda self: self.guests)
    @rule(number=st.integers(0, 9), newid=st.sampled_from(_VMIDS))
    def clone(self, number: int, newid: int) -> None:
        vmid = self._pick(number)
        known = self.guests[vmid]
        if newid in self.guests or known.running:
            answer = self.node.ask("POST", f"/nodes/pve/lxc/{vmid}/clone", newid=newid)
            assert answer.status == 500
            return
        assert self._do("POST", f"/nodes/pve/lxc/{vmid}/clone", newid=newid) == "OK"
        self.guests[newid] = _Expected(cores=known.cores, content=known.content)

    @precondition(lambda self: self.guests)
    @rule(number=st.integers(0, 9))
    def delete(self, number: int) -> None:
        vmid = self._pick(number)
        assert self._do("DELETE", f"/nodes/pve/lxc/{vmid}", force=1) == "OK"
        del self.guests[vmid]

    @rule()
    def kill(self) -> None:
        """Another server on the same files, as after kill -9: nothing was closed."""
        self.node = self.open_node()

    @invariant()
    def everything_agrees(self) -> None:
        rows = {row["vmid"]: row for row in self.node.ask("GET", "/nodes/pve/lxc").data}
        assert rows.keys() == self.guests.keys()
        for vmid, guest in self.guests.items():
            config = self.node.config(vmid)
            assert config["cores"] == guest.cores
            assert "lock" not in config
            assert (rows[vmid]["status"] == "running") is guest.running
            assert self.node.runtime.volumes.content(self._root(vmid)) == guest.content
            names = [
                row["name"] for row in self.node.ask("GET", f"/nodes/pve/lxc/{vmid}/snapshot").data
            ]
            assert names == [*(name for name, *_ in guest.snapshots), "current"]
        recorded = sorted(volume.volid for volume in self.node.context.state.volumes())
        assert list(self.node.runtime.volumes.all()) == recorded


def test_guests_stay_what_they_were_made(open_node, tmp_path) -> None:
    run_state_machine_as_test(
        partial(_Machine, open_node, tmp_path),
        settings=settings(
            max_examples=8,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

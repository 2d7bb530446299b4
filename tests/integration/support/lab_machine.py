"""A state machine of a whole lab: any order of changes, with the server killed in between."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from lab_driver import NODE, Answer, Driver, is_upid
from lab_model import Guest
from lab_operations import KINDS, POOL, VMIDS, Operation, Operations
from lab_world import World

from homelab.errors import HomelabError

CUT_OFF = "unexpected status"
NUMBER = st.integers(0, 11)
_TYPICAL = 0.02
STEPS = (*KINDS, "write", "write", "kill", "power cut", *["cut"] * 3)


class FoundError(BaseException):
    """Carries a failure past hypothesis, which would repeat what kill -9 can't repeat."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Bench:
    """One lab for all runs of the machine, with what was counted."""

    def __init__(self, driver: Driver, *, wanted: int) -> None:
        self.driver = driver
        self.wanted = wanted
        """How many steps are to be made."""
        self.world = World(driver)
        self.guests: dict[int, Guest] = {}
        self.count: Counter[str] = Counter()
        self.took: dict[str, float] = {}
        """Seconds that an operation of a kind took last."""
        self.history: list[str] = []
        self.failed = False
        self.operations = Operations(has_snapshots=self._has_snapshots())
        if POOL not in {pool["poolid"] for pool in driver.get("/pools")}:
            assert driver.do("POST", "/pools", poolid=POOL) == "OK"

    def _has_snapshots(self) -> bool:
        """Ask the runtime: a guest is made and removed for it."""
        probe = self.driver
        vmid = VMIDS[0]
        made = Operations(has_snapshots=False).create({}, 0, 0)
        assert probe.do(made.method, made.path, **made.parameters) == "OK"
        said = probe.do("POST", f"{NODE}/lxc/{vmid}/snapshot", snapname="probe")
        assert probe.do("DELETE", f"{NODE}/lxc/{vmid}") == "OK"
        assert said == "OK" or "this runtime has no" in said, said
        return said == "OK"

    @property
    def steps(self) -> int:
        """How many changes, writes and kills there were, without what was refused."""
        kinds = (*KINDS, "write", "kill", "power cut")
        return sum(self.count[kind] for kind in kinds)

    def note(self, line: str) -> None:
        self.history.append(line)

    def told(self, error: Exception) -> None:
        """Let an error tell how it came to it."""
        self.failed = True
        error.add_note("the last steps:\n" + "\n".join(self.history[-25:]))
        log = (self.driver.state / "server.log").read_text(encoding="utf-8", errors="replace")
        error.add_note("the server's log:\n" + "\n".join(log.splitlines()[-25:]))

    def run(self, operation: Operation) -> None:
        """Do it to its end; the answer is as predicted."""
        self.note(f"{operation.kind} {operation.vmid} {dict(operation.parameters)}")
        self.count["refused" if operation.refusal else operation.kind] += 1
        begun = time.monotonic()
        said = self.driver.do(operation.method, operation.path, **operation.parameters)
        self.took[operation.kind] = time.monotonic() - begun
        assert said == (operation.refusal or "OK"), (operation, said)
        self._adopt(operation.vmid, operation.after)

    def write(self, number: int) -> None:
        """Have the programs of a guest write."""
        able = {
            vmid: guest
            for vmid, guest in self.guests.items()
            if guest.running or self.driver.runtime == "memory"
        }
        if not able:
            return
        guest = able[sorted(able)[number % len(able)]].with_words(self.operations.word())
        self.note(f"write {guest.vmid}")
        self.count["write"] += 1
        self.world.write(guest)
        self._adopt(guest.vmid, guest)

    def kill(self) -> None:
        """End the server while it has nothing to do."""
        self.note("kill")
        self.count["kill"] += 1
        self.driver.kill()
        self.driver.up()

    def power_cut(self) -> None:
        """End the process that holds the node: what starts at boot runs afterwards, alone."""
        if self.driver.runtime != "lxc":
            return
        self.note("power cut")
        self.count["power cut"] += 1
        self.driver.kill_node()
        self.driver.up()
        self.driver.settle()
        for vmid, guest in self.guests.items():
            self.guests[vmid] = replace(guest, running=guest.options.get("onboot") == "1")

    def cut_off(self, operations: list[Operation], fraction: float) -> None:
        """Send all of them at once, and end the server before they are done."""
        self.count["kill"] += 1
        delay = fraction * max(self.took.get(one.kind, _TYPICAL) for one in operations)
        self.note(f"cut {[(one.kind, one.vmid) for one in operations]} at {delay:.3f}")
        with ThreadPoolExecutor(len(operations)) as pool:
            sent = [
                pool.submit(self.driver.alone, one.method, one.path, one.parameters)
                for one in operations
            ]
            time.sleep(delay)
            self.driver.kill()
            answers = [future.result() for future in sent]
        self.driver.up()
        for operation, answer in zip(operations, answers, strict=True):
            self._settle(operation, answer)

    def _settle(self, operation: Operation, answer: Answer) -> None:
        """Find out what an operation that was cut off has led to: all of it, or nothing."""
        possible = [operation.after]
        said = "not acknowledged"
        assert answer.status in {0, 200}, (operation, answer)
        if answer.status == 200:
            said = self._status(answer.data) if is_upid(answer.data) else "OK"
            assert said in {"OK", CUT_OFF}, (operation, said)
        if said != "OK":
            possible += [self.guests.get(operation.vmid), *operation.between]
        self.note(f"  {operation.kind} {operation.vmid}: {said}")
        self.count["cut off" if said == CUT_OFF else said] += 1
        found = self._which(operation, possible)
        if found is not None and len({str(one.content) for one in self._like(found, possible)}) > 1:
            # Only the files differ, and they can be read while it runs alone.
            assert self.driver.do("POST", f"{NODE}/lxc/{found.vmid}/status/start") == "OK"
            possible = [one and replace(one, running=True) for one in possible]
            found = self._which(operation, possible)
        self._adopt(operation.vmid, found)

    def _which(self, operation: Operation, possible: list[Guest | None]) -> Guest | None:
        seen = self.world.look().get(operation.vmid)
        if seen is None:
            assert None in possible, f"CT {operation.vmid} is gone after {operation}"
            return None
        found = [one for one in possible if one is not None and seen.agrees(one)]
        assert found, f"{operation.kind} left neither all nor nothing: {seen}, wanted {possible}"
        return found[0]

    def _like(self, found: Guest, possible: list[Guest | None]) -> list[Guest]:
        """Those that differ in nothing that can be seen now."""
        if found.running or self.driver.runtime == "memory":
            return [found]
        return [
            one
            for one in possible
            if one and replace(one, content={}) == replace(found, content={})
        ]

    def _status(self, upid: str) -> str:
        status = self.driver.get(f"{NODE}/tasks/{upid}/status")
        assert status["status"] == "stopped", status
        return str(status["exitstatus"])

    def _adopt(self, vmid: int, guest: Guest | None) -> None:
        if guest is None:
            self.guests.pop(vmid, None)
        else:
            self.guests[vmid] = guest

    def check(self) -> None:
        """Everything is as it was left."""
        seen = self.world.look()
        assert seen.keys() == self.guests.keys()
        for vmid, guest in self.guests.items():
            assert seen[vmid].agrees(guest), f"seen {seen[vmid]}, wanted {guest}"
        self.world.check(self.guests)


class LabMachine(RuleBasedStateMachine):
    """One rule, so that every kind of step is in every run; draws don't depend on the lab."""

    bench: Bench

    @rule(
        kind=st.sampled_from(STEPS),
        a=NUMBER,
        b=NUMBER,
        others=st.lists(st.tuples(NUMBER, NUMBER, NUMBER), max_size=2),
        percent=st.integers(0, 110),
    )
    def step(
        self, kind: str, a: int, b: int, others: list[tuple[int, int, int]], percent: int
    ) -> None:
        """Change something, write, or kill the server while it rests or works."""
        if self.bench.steps >= self.bench.wanted:
            return
        try:
            if kind == "kill":
                self.bench.kill()
            elif kind == "power cut":
                self.bench.power_cut()
            elif kind == "write":
                self.bench.write(a)
            elif kind == "cut":
                self._cut_off([(percent, a, b), *others], percent)
            elif kind in self.bench.operations.kinds:
                self.bench.run(self.bench.operations.kinds[kind](self.bench.guests, a, b))
            self.bench.check()
        except (AssertionError, HomelabError) as error:
            self.bench.told(error)
            raise FoundError(error) from error

    def _cut_off(self, wanted: list[tuple[int, int, int]], percent: int) -> None:
        kinds = list(self.bench.operations.kinds.values())
        chosen: list[Operation] = []
        busy: set[int] = set()
        for number, a, b in wanted:
            operation = kinds[number % len(kinds)](self.bench.guests, a, b)
            touched = {operation.vmid, operation.reads} - {0}
            if not operation.refusal and not touched & busy:
                chosen.append(operation)
                busy |= touched
        if chosen:
            self.bench.cut_off(chosen, percent / 100)

    def teardown(self) -> None:
        """Remove all guests, so that the next run begins with none."""
        if self.bench.failed:
            return
        for vmid in list(self.bench.guests):
            assert self.bench.driver.do("DELETE", f"{NODE}/lxc/{vmid}", force=1) == "OK"
            del self.bench.guests[vmid]
        self.bench.check()

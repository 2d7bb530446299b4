"""Any order of changes, with the server killed at any moment, loses nothing; on both runtimes.

`HOMELAB_MACHINE_STEPS=1000` runs that many steps on each runtime, and `HOMELAB_MACHINE_SEED`
chooses which ones. The counts are printed (`pytest -s`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from lab_driver import Driver
from lab_machine import Bench, FoundError, LabMachine

_STEPS = {"memory": 120, "lxc": 50}
_SETTINGS = settings(
    max_examples=3,
    stateful_step_count=30,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(params=["memory", "lxc"])
def driver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Driver]:
    if request.param == "lxc":
        request.getfixturevalue("able")
    made = Driver(tmp_path / "lab", request.param)
    yield made
    made.close()
    made.lab.destroy()


@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings(
    # A TLS handshake with a server that is killed in the middle leaves the client's socket behind.
    "ignore:.*ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)
def test_nothing_that_was_acknowledged_is_lost(driver: Driver) -> None:
    wanted = int(os.environ.get("HOMELAB_MACHINE_STEPS", _STEPS[driver.runtime]))
    first = int(os.environ.get("HOMELAB_MACHINE_SEED", "1"))
    bench = Bench(driver, wanted=wanted)
    begun = time.monotonic()

    class Machine(LabMachine):
        pass

    Machine.bench = bench
    for number in range(first, first + wanted):
        if bench.steps < wanted:
            _run(Machine, number)
    counted = ", ".join(f"{what} {count}" for what, count in sorted(bench.count.items()))
    print(  # noqa: T201
        f"\n{driver.runtime}, seed {first}: steps {bench.steps} ({counted}), {time.monotonic() - begun:.1f} s"
    )
    assert bench.count["kill"] > 0


def _run(machine: type[LabMachine], number: int) -> None:
    """Run a few examples; the first failure ends them, as it happened."""
    try:
        run_state_machine_as_test(seed(number)(machine), settings=_SETTINGS)
    except FoundError as found:
        found.error.add_note(f"begun with HOMELAB_MACHINE_SEED={number}")
        raise found.error from None

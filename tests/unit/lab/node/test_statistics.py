from __future__ import annotations

from homelab.lab.node.statistics import PERIOD, CpuMeter, Statistics
from homelab.lab.runtime import Usage


def test_figures_are_of_a_moment_ago_at_most(node) -> None:
    now = [1000.0]
    statistics = Statistics(clock=lambda: now[0])
    first = statistics.look(node.runtime)
    assert statistics.look(node.runtime) is first
    now[0] += PERIOD
    assert statistics.look(node.runtime).number != first.number


def test_what_starts_is_looked_at_at_once(node) -> None:
    node.create()
    statistics = Statistics(clock=lambda: 1000.0)
    assert statistics.look(node.runtime).running == {}
    node.wait(node.ask("POST", "/nodes/pve/lxc/100/status/start").data)
    assert set(statistics.look(node.runtime).running) == {100}


def test_a_runtime_that_does_not_count_is_asked_each_time(node, monkeypatch) -> None:
    monkeypatch.setattr(node.runtime, "changes", lambda: None)
    statistics = Statistics(clock=lambda: 1000.0)
    assert [statistics.look(node.runtime).number for _ in range(3)] == [1, 2, 3]


def test_cpu_is_what_was_used_between_two_readings_per_core() -> None:
    now = [100.0]
    meter = CpuMeter(clock=lambda: now[0])
    assert meter.fraction(100, Usage(pid=1, uptime=0, cpu_seconds=5), cores=2) == 0
    now[0] += 0.5
    assert meter.fraction(100, Usage(pid=1, uptime=0, cpu_seconds=6), cores=2) == 0
    now[0] += 1.5
    assert meter.fraction(100, Usage(pid=1, uptime=0, cpu_seconds=7), cores=2) == 0.5
    now[0] += 0.1
    assert meter.fraction(100, Usage(pid=1, uptime=0, cpu_seconds=7.1), cores=2) == 0.5
    assert meter.fraction(100, Usage(pid=2, uptime=0, cpu_seconds=0), cores=2) == 0

from __future__ import annotations

from homelab.lab.node.cpu import CpuMeter
from homelab.lab.runtime import Usage


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

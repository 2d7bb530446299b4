"""How long the lab takes from the start of the process to its first answer, and the command line."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.report import Report

ROUNDS = 5


def run(report: Report) -> None:
    """`homelab lab up` returns when the API answers."""
    with tempfile.TemporaryDirectory(prefix="homelab-bench-") as directory:
        first, again = [], []
        for number in range(ROUNDS):
            place = ("--state", f"{directory}/{number}")
            up = ("lab", "up", "--runtime", "memory", "--listen", "127.0.0.1:0", *place)
            first.append(homelab(*up))
            homelab("lab", "down", *place)
            again.append(homelab(*up))
            homelab("lab", "destroy", *place)
    add(report, "homelab lab up, new", first, goal="under 1 s")
    add(report, "homelab lab up, with its state from before", again, goal="under 1 s")
    add(report, "homelab --help", [homelab("--help") for _ in range(ROUNDS)])
    if Path("terraform").is_dir():
        code = "from homelab import Topology; Topology.load('terraform')"
        took = [python("-c", code) for _ in range(ROUNDS)]
        add(report, "Topology.load('terraform') in a new process", took)


def add(report: Report, name: str, took: list[tuple[float, float]], *, goal: str = "") -> None:
    """Wall-clock time, and CPU time of the command, which says more on a busy machine."""
    wall, cpu = ([pair[number] for pair in took] for number in (0, 1))
    figures = {
        "seconds min": min(wall),
        "median": statistics.median(wall),
        "CPU seconds min": min(cpu),
    }
    report.add(name, figures, goal=goal)


def homelab(*words: str) -> tuple[float, float]:
    """Run the command line to its end."""
    return python("-m", "homelab.cli", *words)


def python(*words: str) -> tuple[float, float]:
    """Run an interpreter to its end; seconds, and seconds of CPU."""
    wall, cpu = time.perf_counter(), children()
    subprocess.run((sys.executable, *words), check=True, capture_output=True)
    return time.perf_counter() - wall, children() - cpu


def children() -> float:
    """CPU seconds of processes that ended."""
    times = os.times()
    return times.children_user + times.children_system


if __name__ == "__main__":
    Report.main(run)

"""What was measured: a table for people, JSON for programs."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

DIRECTORY = Path("build/bench")


class Report:
    """Collects rows and prints each one as it comes."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, name: str, figures: Mapping[str, float], *, goal: str = "") -> None:
        """A measurement; figures by what they are."""
        self.rows.append({"name": name, "figures": dict(figures), "goal": goal})
        shown = ", ".join(f"{key} {value:,.4g}" for key, value in figures.items())
        print(f"{name}: {shown}" + (f"  (goal: {goal})" if goal else ""), flush=True)

    def save(self, name: str) -> Path:
        """Write build/bench/NAME.json."""
        DIRECTORY.mkdir(parents=True, exist_ok=True)
        path = DIRECTORY / f"{name}.json"
        document = {
            "time": int(time.time()),
            "python": platform.python_version(),
            "processors": os.cpu_count(),
            "load": os.getloadavg(),
            "measurements": self.rows,
        }
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        return path

    @classmethod
    def main(cls, run: Callable[[Report], None]) -> None:
        """Run one bench as a program."""
        report = cls()
        run(report)
        print(report.save(Path(run.__code__.co_filename).stem))

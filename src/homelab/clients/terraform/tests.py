"""What `terraform test -json` says, as values."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    """How one `run` block of a test file ended."""

    __test__ = False  # pytest takes classes of this name for its own

    file: str
    name: str
    status: str
    """pass, fail, error or skip."""
    problems: tuple[str, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether it was run and held."""
        return self.status == "pass"

    def __str__(self) -> str:
        return ": ".join((f"{self.file} {self.name} {self.status}", *self.problems))


def parse_runs(lines: Iterable[str]) -> tuple[TestRun, ...]:
    """The runs of a report, in its order; each with what Terraform complained of."""
    ended: dict[tuple[str, str], str] = {}
    problems: dict[tuple[str, str], list[str]] = defaultdict(list)
    for line in lines:
        try:
            message: dict[str, Any] = json.loads(line)
        except ValueError:
            continue
        key = (str(message.get("@testfile", "")), str(message.get("@testrun", "")))
        match message.get("type"):
            case "test_run":
                run = message["test_run"]
                # Since 1.10 a run is reported when it starts, too; its end has a status.
                if run.get("progress", "complete") == "complete" and "status" in run:
                    ended[run["path"], run["run"]] = run["status"]
            case "diagnostic" if message["diagnostic"]["severity"] == "error":
                problem = message["diagnostic"]
                where = problem.get("range") or {}
                place = f"{where['filename']}:{where['start']['line']}: " if where else ""
                text = " ".join((problem["summary"], problem.get("detail", "")))
                problems[key].append(f"{place}{text}".strip())
    ended |= {key: "error" for key in problems if key not in ended}
    return tuple(
        TestRun(file=file, name=name, status=status, problems=tuple(problems[file, name]))
        for (file, name), status in ended.items()
    )

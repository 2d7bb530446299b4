"""A plan as people read it: which containers change and how, and what was not checked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from homelab.escaping import markdown, markdown_code, markdown_row
from homelab.model.changes import Action, Change
from homelab.operations.review.reviewed import Review

_SIGNS = {
    Action.ADOPT: "=",
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "-/+",
    Action.DELETE: "-",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReport:
    """What a plan would do to a target, and what it could not look at."""

    target: str
    runtime: str | None
    provider: str
    changes: tuple[Change, ...]
    containers: int
    """How many containers the topology has."""
    not_checked: tuple[str, ...] = ()
    seconds: float = 0.0
    review: Review | None = field(default=None, repr=False)
    """What it means and whether it may be applied; None where nobody looked yet."""

    @property
    def is_empty(self) -> bool:
        return not self.changes

    def count(self, action: Action) -> int:
        return Counter(change.action for change in self.changes)[action]

    @property
    def headline(self) -> str:
        """The counts in one line."""
        if self.is_empty:
            return f"no changes; {self.containers} containers are as declared"
        counts = [f"{self.count(action)} to {action}" for action in Action if self.count(action)]
        return ", ".join(counts)

    def lines(self) -> tuple[str, ...]:
        """The plan for a terminal or a log: counts first, then the changes by action."""
        lines = [f"plan for {self.target}: {self.headline}"]
        for action in Action:
            items = [change.name for change in self.changes if change.action is action]
            lines.extend(f"  {_SIGNS[action]:3} {item}" for item in items)
        lines.append(f"provider: {self.provider}")
        lines.extend(f"not checked: {text}" for text in self.not_checked)
        return tuple(lines)

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": 1,
            "target": self.target,
            "runtime": self.runtime,
            "provider": self.provider,
            "empty": self.is_empty,
            "containers": self.containers,
            "counts": {str(action): self.count(action) for action in Action},
            "changes": [
                {
                    "address": change.address,
                    "item": change.name,
                    "action": str(change.action),
                    "container": change.is_container,
                }
                for change in self.changes
            ],
            "not_checked": list(self.not_checked),
            "seconds": round(self.seconds, 3),
        }

    def to_markdown(self) -> str:
        """The plan for a job's summary: counts first, the list folded."""
        lines = [f"### Plan for {markdown_code(self.target)}: {self.headline}", ""]
        if self.changes:
            lines += [
                "<details><summary>Changes</summary>",
                "",
                "| action | resource |",
                "|---|---|",
            ]
            lines += [
                markdown_row((str(change.action), markdown_code(change.address)))
                for change in self.changes
            ]
            lines += ["", "</details>", ""]
        lines += [f"- provider: {markdown(self.provider)}"]
        lines += [f"- not checked: {markdown(text)}" for text in self.not_checked]
        return "\n".join(lines) + "\n"

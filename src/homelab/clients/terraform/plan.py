"""A plan as a value: what Terraform would change, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from homelab.clients.terraform.events import Diagnostic
from homelab.model.changes import Action, Change, resources_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan that was written to `path` and can be applied."""

    path: Path
    document: Mapping[str, Any] = field(repr=False)
    """What `terraform show -json` says about it."""
    resources: tuple[Change, ...]
    """What it says about each managed resource, also of those that it leaves alone."""
    outputs_change: bool = False
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """The resources to which something happens, in the order of their addresses."""
        return tuple(change for change in self.resources if change.action is not None)

    @property
    def is_empty(self) -> bool:
        return not self.changes

    def counts(self) -> Mapping[Action, int]:
        """How many changes there are of each action, such as {"create": 28}."""
        return Counter(change.action for change in self.changes if change.action is not None)

    @classmethod
    def parse(
        cls, path: Path, document: Mapping[str, Any], *, warnings: tuple[Diagnostic, ...] = ()
    ) -> Self:
        """Read the JSON form of the plan in `path`."""
        outputs = document.get("output_changes") or {}
        return cls(
            path=path,
            document=document,
            resources=resources_of(document),
            outputs_change=any(output.get("actions") != ["no-op"] for output in outputs.values()),
            warnings=warnings,
        )

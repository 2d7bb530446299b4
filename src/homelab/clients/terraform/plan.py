"""A plan as a value: what Terraform would change, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from homelab.clients.terraform.events import Diagnostic, instance_key

_NOTHING = frozenset({("no-op",), ("read",)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a plan does to one resource."""

    address: str
    resource_type: str
    actions: tuple[str, ...]
    """Such as ("create",), ("update",), or ("delete", "create") for a replacement."""
    before: Mapping[str, Any] | None = field(default=None, repr=False)
    after: Mapping[str, Any] | None = field(default=None, repr=False)
    import_id: str | None = None
    """The id that the plan takes it over from; None when it does not."""

    @property
    def key(self) -> str:
        """The key of the innermost `for_each`, such as plex."""
        return instance_key(self.address)

    @property
    def is_empty(self) -> bool:
        """Whether nothing happens."""
        return self.actions in _NOTHING and self.import_id is None

    @property
    def action(self) -> str:
        """One word: create, update, replace, delete, import, read or no-op."""
        if len(self.actions) > 1:
            return "replace"
        if self.actions == ("no-op",) and self.import_id is not None:
            return "import"
        return self.actions[0] if self.actions else "no-op"

    @property
    def changed(self) -> tuple[str, ...]:
        """The attributes that differ, by name; only for what existed before."""
        before, after = self.before or {}, self.after or {}
        if self.before is None or self.after is None:
            return ()
        return tuple(
            sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan that was written to `path` and can be applied."""

    path: Path
    document: Mapping[str, Any] = field(repr=False)
    """What `terraform show -json` says about it."""
    changes: tuple[Change, ...]
    """All changes that are not empty, in the order of their addresses."""
    outputs_change: bool = False
    warnings: tuple[Diagnostic, ...] = ()
    destroys: bool = False
    """Whether it was made with -destroy."""

    @property
    def is_empty(self) -> bool:
        """Whether applying it would change no resource."""
        return not self.changes

    def counts(self) -> Mapping[str, int]:
        """How many changes there are of each action, such as {"create": 28}."""
        counts: dict[str, int] = {}
        for change in self.changes:
            counts[change.action] = counts.get(change.action, 0) + 1
        return counts

    @classmethod
    def parse(
        cls,
        path: Path,
        document: Mapping[str, Any],
        *,
        warnings: tuple[Diagnostic, ...] = (),
        destroys: bool = False,
    ) -> Self:
        """Read the JSON form of the plan in `path`."""
        changes = (
            _change(resource)
            for resource in document.get("resource_changes", ())
            if resource.get("mode") == "managed"
        )
        outputs = document.get("output_changes") or {}
        return cls(
            path=path,
            document=document,
            changes=tuple(change for change in changes if not change.is_empty),
            outputs_change=any(output.get("actions") != ["no-op"] for output in outputs.values()),
            warnings=warnings,
            destroys=destroys,
        )


def _change(resource: Mapping[str, Any]) -> Change:
    change = resource.get("change") or {}
    importing = change.get("importing") or {}
    return Change(
        address=str(resource["address"]),
        resource_type=str(resource["type"]),
        actions=tuple(change.get("actions", ())),
        before=change.get("before"),
        after=change.get("after"),
        import_id=importing.get("id"),
    )

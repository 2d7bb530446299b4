"""A whole plan, reviewed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homelab.model.changes import Action, Change, resources_of
from homelab.operations.review.dependents import dependents
from homelab.operations.review.differences import Difference, differences
from homelab.operations.review.items import ItemReview, review_item
from homelab.operations.review.preflight import Preflight
from homelab.policy.report import PolicyReport
from homelab.pve.guest_change import Impact

_ORDER = tuple(Impact)
"""The most serious last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherChange:
    """What a plan does to something that is no container, such as a pool."""

    address: str
    action: str
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a reviewer has to know before saying yes."""

    items: tuple[ItemReview, ...]
    others: tuple[OtherChange, ...] = ()
    opened: tuple[str, ...] = ()
    """Firewall rules that come, in words."""
    closed: tuple[str, ...] = ()
    policy: PolicyReport | None = None
    preflight: Preflight | None = None
    strict: bool = False
    """Whether the policy's warnings speak against it as well."""

    @property
    def losing(self) -> tuple[ItemReview, ...]:
        """The containers of which data is lost or detached."""
        return tuple(item for item in self.items if item.data_at_risk)

    @property
    def is_ok(self) -> bool:
        """Whether nothing speaks against it: the policy, or privileges that are missing."""
        policy_ok = self.policy is None or self.policy.passes(strict=self.strict)
        return policy_ok and (self.preflight is None or self.preflight.is_ok)


def review_plan(
    document: Mapping[str, Any],
    resources: Sequence[Change] | None = None,
    *,
    policy: PolicyReport | None = None,
    preflight: Preflight | None = None,
    strict: bool = False,
) -> Review:
    """Review what `terraform show -json` says about a plan.

    `resources` are the plan's, where they have been read already.
    """
    known = resources_of(document) if resources is None else resources
    changes = [change for change in known if change.action is not None]
    topology = (document.get("output_changes") or {}).get("topology") or {}
    was, will_be = (_mapping(topology.get(side)) for side in ("before", "after"))
    old, new = _mapping(was.get("containers")), _mapping(will_be.get("containers"))
    services = {name: _service(old, name) for name in (*old, *new)}
    later = {name: _service(new, name) for name in (*old, *new)}
    needed_by = dependents({name: (later[name] or {}).get("depends_on") or () for name in new})
    by_name = {change.name: change for change in changes if change.is_container}
    names = [*by_name, *(n for n in new if n in old and services[n] != later[n])]
    items = [
        review_item(
            name,
            by_name.get(name),
            service=(services.get(name), later.get(name)),
            dependents=needed_by.get(name, ()),
        )
        for name in dict.fromkeys(names)
    ]
    before, after = _rules(was), _rules(will_be)
    return Review(
        items=tuple(sorted(items, key=lambda item: (-_ORDER.index(item.impact), item.name))),
        others=tuple(_others(changes)),
        opened=tuple(rule for rule in after if rule not in before),
        closed=tuple(rule for rule in before if rule not in after),
        policy=policy,
        preflight=preflight,
        strict=strict,
    )


def _others(changes: Sequence[Change]) -> Iterator[OtherChange]:
    for change in changes:
        if not change.is_container:
            is_update = change.action is Action.UPDATE
            found = differences(change.before, change.after) if is_update else ()
            yield OtherChange(address=change.address, action=str(change.action), differences=found)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _service(containers: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    service = (containers.get(name) or {}).get("service")
    return service if isinstance(service, Mapping) else None


def _rules(topology: Mapping[str, Any]) -> list[str]:
    return [
        f"{rule.get('source')} → {rule.get('container')}:{rule.get('port')}/{rule.get('protocol')}"
        for rule in topology.get("firewall") or ()
        if isinstance(rule, Mapping)
    ]

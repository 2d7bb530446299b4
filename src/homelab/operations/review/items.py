"""One container of a plan, reviewed: what changes, what that means, and for whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from homelab.model.changes import Action, Change
from homelab.operations.review.budget import DOWNTIME, budget
from homelab.operations.review.differences import Difference, differences
from homelab.policy.losses import lost_volumes
from homelab.pve.guest_change import Impact, Step
from homelab.pve.telmate.steps import update_steps

_ORDER = tuple(Impact)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReview:
    """What a plan does to one container."""

    name: str
    action: str
    """Terraform's word; `service` where only the service in it changes."""
    impact: Impact
    differences: tuple[Difference, ...] = ()
    steps: tuple[Step, ...] = ()
    """What Proxmox VE is asked to change."""
    slo: float | None = None
    dependents: tuple[str, ...] = ()
    data_at_risk: tuple[str, ...] = ()
    """Volumes that are lost or detached, with their sizes."""

    @property
    def downtime(self) -> int:
        """The estimated seconds for which its service does not answer."""
        return DOWNTIME.get(self.impact, 0)

    @property
    def budget(self) -> float | None:
        """The seconds for which it may be down in 30 days."""
        return None if self.slo is None else budget(self.slo)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known about how PVE takes the changes, each once."""
        said: dict[str, list[str]] = {}
        for step in self.steps:
            if step.why:
                said.setdefault(step.why, []).append(step.attribute)
        return tuple(f"{', '.join(names)}: {why}" for why, names in said.items())


def review_item(
    name: str,
    change: Change | None,
    *,
    service: tuple[Any, Any],
    dependents: tuple[str, ...],
) -> ItemReview:
    """Review one container.

    `change` is None where only its service changes; `service` is that before and after.
    """
    action = None if change is None else change.action
    found: list[Difference] = []
    steps: tuple[Step, ...] = ()
    at_risk: tuple[str, ...] = ()
    if change is not None:
        before, after = change.before, change.after
        found += differences(before, after, unknown=change.unknown, sensitive=change.sensitive)
        if action is Action.UPDATE:
            steps = update_steps(before, after)
            at_risk = tuple(_volumes(before, set(lost_volumes(before, after))))
        elif change.removes:
            at_risk = tuple(_volumes(before, None))
    old, new = service
    if action in {Action.CREATE, Action.DELETE}:
        found = [one for one in found if _is_telling(one)]
    else:
        found += [
            Difference(path=("service", *one.path), before=one.before, after=one.after)
            for one in differences(old, new)
        ]
    slo = (new or old or {}).get("slo")
    return ItemReview(
        name=name,
        action=str(action or "service"),
        impact=_impact(action, steps, has_new_service=_is_recreated(old, new)),
        differences=tuple(found),
        steps=steps,
        slo=float(slo) if isinstance(slo, int | float) else None,
        dependents=dependents,
        data_at_risk=at_risk,
    )


def _impact(action: Action | None, steps: Iterable[Step], *, has_new_service: bool) -> Impact:
    match action:
        case Action.CREATE:
            return Impact.NEW
        case Action.DELETE:
            return Impact.GONE
        case Action.REPLACE:
            return Impact.REBUILD
    seen = [step.impact for step in steps]
    if has_new_service:
        seen.append(Impact.SERVICE)
    mildest = Impact.ADOPT if action is Action.ADOPT else Impact.HOT
    return max(seen, key=_ORDER.index, default=mildest)


def _is_recreated(old: Any, new: Any) -> bool:
    """Whether Compose makes the service anew: its image, ports or variables differ."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return False

    def relevant(service: Mapping[str, Any]) -> tuple[Any, ...]:
        ports = [(port.get("port"), port.get("protocol")) for port in service.get("ports") or ()]
        return service.get("image"), service.get("environment"), service.get("secrets"), ports

    return relevant(old) != relevant(new)


def _volumes(before: Mapping[str, Any], only: set[str] | None) -> Iterator[str]:
    roots = [("/", root, True) for root in before.get("rootfs") or ()]
    mounts = [
        (str(mount.get("mp")), mount, mount.get("backup") is not False)
        for mount in before.get("mountpoint") or ()
    ]
    for path, volume, backed_up in (*roots, *mounts):
        if only is not None and path not in only:
            continue
        saved = "backup on" if backed_up else "backup off"
        yield f"{path} ({volume.get('size')} on {volume.get('storage')}, {saved})"


_TELLING = frozenset(
    {"vmid", "target_node", "ostemplate", "cores", "memory", "swap", "rootfs", "mountpoint",
     "network", "pool", "tags", "protection", "unprivileged", "startup", "onboot"}
)  # fmt: skip
_UNTOLD = frozenset({"volume", "file", "key", "slot", "hwaddr", "id", "type", "tag", "trunks"})


def _is_telling(one: Difference) -> bool:
    """Whether an attribute of a container that comes or goes tells a reviewer something."""
    return one.path[0] in _TELLING and one.path[-1] not in _UNTOLD

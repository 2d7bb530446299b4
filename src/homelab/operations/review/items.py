"""One container of a plan, reviewed: what changes, what that means, and for whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from homelab.operations.review.budget import budget
from homelab.operations.review.differences import Difference, differences
from homelab.operations.review.impact import Impact, OptionChange, option_changes
from homelab.policy.losses import lost_volumes
from homelab.policy.values import ChangeView

_ORDER = tuple(Impact)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReview:
    """What a plan does to one container."""

    name: str
    action: str
    """Terraform's word; `service` where only the service in it changes."""
    impact: Impact
    differences: tuple[Difference, ...] = ()
    options: tuple[OptionChange, ...] = ()
    slo: float | None = None
    dependents: tuple[str, ...] = ()
    data_at_risk: tuple[str, ...] = ()
    """Volumes that are lost or detached, with their sizes."""

    @property
    def downtime(self) -> int:
        """The estimated seconds for which its service does not answer."""
        return self.impact.seconds

    @property
    def budget(self) -> float | None:
        """The seconds for which it may be down in 30 days."""
        return None if self.slo is None else budget(self.slo)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known about how PVE takes the changes, each once."""
        said: dict[str, list[str]] = {}
        for option in self.options:
            if option.why:
                said.setdefault(option.why, []).append(option.attribute)
        return tuple(f"{', '.join(names)}: {why}" for why, names in said.items())


def review_item(
    name: str,
    change: ChangeView | None,
    *,
    service: tuple[Any, Any],
    marks: tuple[Any, Any],
    dependents: tuple[str, ...],
) -> ItemReview:
    """Review one container.

    `change` is None where only its service changes; `service` is that before and after, `marks`
    are Terraform's for secrets, before and after.
    """
    action = "service" if change is None else change.action
    found: list[Difference] = []
    options: tuple[OptionChange, ...] = ()
    at_risk: tuple[str, ...] = ()
    if change is not None:
        found += differences(change.before, change.after, unknown=change.unknown, sensitive=marks)
        if action == "update":
            options = option_changes(change.before, change.after)
            lost = set(lost_volumes(change.before, change.after))
            at_risk = tuple(_volumes(change.before, lost))
        elif action in {"delete", "replace"}:
            at_risk = tuple(_volumes(change.before, None))
    old, new = service
    if action in {"update", "service", "adopt", "replace"}:
        found += [
            Difference(path=("service", *one.path), before=one.before, after=one.after)
            for one in differences(old, new)
        ]
    elif action in {"create", "delete"}:
        found = [one for one in found if _is_telling(one)]
    slo = (new or old or {}).get("slo")
    return ItemReview(
        name=name,
        action=action,
        impact=_impact(action, options, has_new_service=_is_recreated(old, new)),
        differences=tuple(found),
        options=options,
        slo=float(slo) if isinstance(slo, int | float) else None,
        dependents=dependents,
        data_at_risk=at_risk,
    )


def _impact(action: str, options: Iterable[OptionChange], *, has_new_service: bool) -> Impact:
    match action:
        case "create":
            return Impact.NEW
        case "delete":
            return Impact.GONE
        case "replace":
            return Impact.REBUILD
    seen = [option.impact for option in options]
    if has_new_service:
        seen.append(Impact.SERVICE)
    mildest = Impact.ADOPT if action == "adopt" else Impact.HOT
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

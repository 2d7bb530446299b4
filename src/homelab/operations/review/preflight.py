"""What a plan needs, compared with what its credentials have on the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from homelab.errors import HomelabError
from homelab.operations.review.needs import RootOnly
from homelab.pve.telmate.privileges import Need
from homelab.wording import some_of

ROOT = "root@pam"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """The privileges that a plan needs, and those that are missing."""

    user: str
    """Who applies it: a user, or a token as user!name."""
    needs: tuple[Need, ...]
    missing: tuple[Need, ...]
    root_only: tuple[RootOnly, ...] = ()
    """Lines that these credentials can't apply."""

    @property
    def is_ok(self) -> bool:
        return not self.missing and not self.root_only

    def raise_for_missing(self) -> None:
        """Do nothing when the credentials suffice.

        Raises:
            MissingPrivilegesError: lists what is missing.
        """
        if not self.is_ok:
            raise MissingPrivilegesError(self)


class MissingPrivilegesError(HomelabError):
    """The credentials can't apply the plan; `preflight` says what they lack."""

    def __init__(self, preflight: Preflight) -> None:
        self.preflight = preflight
        lines = [
            f"  on {path}: {', '.join(names)}: for {some_of(items, 3)}"
            for path, names, items in grouped(preflight.missing)
        ]
        lines += [f"  {line.item}: {line.attribute}: {line.why}" for line in preflight.root_only]
        hint = "grant them with: pveum acl modify PATH --roles ROLE --tokens/--users NAME"
        if preflight.root_only and not preflight.missing:
            hint = "remove these lines, or apply as root@pam with its password"
        super().__init__(
            "\n".join((f"{preflight.user} lacks what this plan needs:", *lines)), hint=hint
        )


def preflight(
    user: str,
    needs: Sequence[Need],
    root_only: Sequence[RootOnly],
    held: Mapping[str, Mapping[str, int]],
) -> Preflight:
    """Compare. `held` is what GET /access/permissions answers to the user itself."""
    missing = tuple(need for need in needs if not _is_met(need, held))
    return Preflight(
        user=user,
        needs=tuple(needs),
        missing=() if user == ROOT else missing,
        root_only=() if user == ROOT else tuple(root_only),
    )


def grouped(needs: Sequence[Need]) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """Needs by the path at which to grant them: the privileges there, and for what."""
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for need in needs:
        names, items = found.setdefault(need.paths[0], ({}, {}))
        names["|".join(need.any_of)] = None
        items.update(dict.fromkeys(need.items))
    return tuple((path, tuple(names), tuple(items)) for path, (names, items) in found.items())


def _is_met(need: Need, held: Mapping[str, Mapping[str, int]]) -> bool:
    return any(effective(held, path).intersection(need.any_of) for path in need.paths)


def effective(held: Mapping[str, Mapping[str, int]], path: str) -> frozenset[str]:
    """The privileges at a path: those that are listed there, else what propagates from above."""
    if path in held:
        return frozenset(held[path])
    above = path
    while above != "/":
        above = above.rpartition("/")[0] or "/"
        if above in held:
            return frozenset(name for name, propagates in held[above].items() if propagates)
    return frozenset()

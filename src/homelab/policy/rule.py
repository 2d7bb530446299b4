"""A rule as a value: what it asks, why, and how to put it right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from homelab.policy.subject import Subject
from homelab.policy.values import GuestView, Where


class Severity(StrEnum):
    """Whether a violation stops a deploy."""

    ERROR = "error"
    WARNING = "warning"


class Verdict(StrEnum):
    """What a rule says; `unknown` where a value is not known before the plan is applied."""

    PASS = "pass"  # noqa: S105  (no password)
    FAIL = "fail"
    UNKNOWN = "unknown"


class Observation(NamedTuple):
    """What a rule noticed about one item; nothing is yielded for what is fine."""

    verdict: Verdict
    item: str
    message: str
    where: Where


Check = Callable[[Subject], Iterator[Observation]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule; `id` and `slug` are stable, since waivers name them."""

    id: str
    slug: str
    summary: str
    """What has to hold, one sentence."""
    rationale: str
    """What goes wrong otherwise."""
    fix: str
    """What to write, and where."""
    check: Check
    severity: Severity = Severity.ERROR
    needs_plan: bool = False
    """Whether it judges changes, so that it says nothing about a tree alone."""


def fails(item: str, message: str, *where: str | int) -> Observation:
    """An item that breaks the rule; `where` is its place in the tree."""
    return Observation(Verdict.FAIL, item, message, where)


def entry_fails(guest: GuestView, message: str, *where: str | int) -> Observation:
    """A container that breaks the rule; `where` is the place in its entry."""
    return fails(guest.name, message, "containers", guest.name, *where)


def unclear(item: str, what: str, *where: str | int) -> Observation:
    """An item that can't be judged, because `what` is not known at plan time."""
    return Observation(
        Verdict.UNKNOWN, item, f"{what} is not known before the plan is applied", where
    )

"""Waivers: what is accepted for a while, by whom it may be read why, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from homelab.model.hcl import SourceLine
from homelab.policy.rule import Observation, Rule, Severity
from homelab.policy.subject import Subject

ANY: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One rule's findings about one item (`*` for every item), accepted until a day."""

    rule: str
    """A rule's id or slug."""
    item: str
    reason: str
    expires: date
    """The last day on which it holds."""
    place: SourceLine | None = None

    def covers(self, rule: Rule, item: str) -> bool:
        """Whether it speaks of this finding."""
        return self.rule in {rule.id, rule.slug} and self.item in {ANY, item}

    def has_expired(self, today: date) -> bool:
        """Whether it holds no longer."""
        return today > self.expires


def _nothing(_subject: Subject) -> Iterator[Observation]:
    return iter(())


EXPIRED = Rule(
    id="HL901",
    slug="waiver-expired",
    severity=Severity.ERROR,
    summary="A waiver has not expired.",
    rationale="An exception that nobody looks at again is a rule that nobody keeps.",
    fix="Put right what it waives, or give it a new reason and day in homelab.toml.",
    check=_nothing,
)
UNUSED = Rule(
    id="HL902",
    slug="waiver-unused",
    severity=Severity.WARNING,
    summary="A waiver is about something.",
    rationale="One that matches nothing hides the next finding of that name.",
    fix="Remove it from homelab.toml, or correct its rule and item.",
    check=_nothing,
)
META: tuple[Rule, ...] = (EXPIRED, UNUSED)
"""Rules about waivers; `evaluate` judges them itself."""

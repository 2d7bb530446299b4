"""HL507: A tag is one that Proxmox VE keeps as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown

_TAG = re.compile(r"[a-z0-9_][a-z0-9_+.-]*")


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        where = ("containers", guest.name, "tags")
        if isinstance(guest.tags, Unknown):
            yield unclear(guest.name, "its tags", *where)
            continue
        for tag in guest.tags:
            if not _TAG.fullmatch(tag):
                yield fails(guest.name, f"Proxmox VE would rewrite the tag {tag!r}", *where)


RULE = Rule(
    id="HL507",
    slug="tags",
    severity=Severity.ERROR,
    summary="A tag is one that Proxmox VE keeps as it is.",
    rationale="A tag that Proxmox VE rewrites shows up as drift in every plan.",
    fix="Use lower-case letters, digits, '_', '-', '+' and '.'.",
    check=check,
)

"""HL507: A tag is one that Proxmox VE keeps as it is."""

import re
from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN

_TAG = re.compile(r"[a-z0-9_][a-z0-9_+.-]*")


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.tags is UNKNOWN:
            yield unclear(guest.name, "its tags")
            continue
        for tag in guest.tags:
            if not _TAG.fullmatch(tag):
                yield entry_fails(guest, f"Proxmox VE would rewrite the tag {tag!r}", "tags")


RULE = Rule(
    id="HL507",
    slug="tags",
    summary="A tag is one that Proxmox VE keeps as it is.",
    rationale="A tag that Proxmox VE rewrites shows up as drift in every plan.",
    fix="Use lower-case letters, digits, '_', '-', '+' and '.'.",
    check=check,
)

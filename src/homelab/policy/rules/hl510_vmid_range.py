"""HL510: Containers of one category have vmids of one hundred."""

from collections import Counter
from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    hundreds: dict[str, Counter[int]] = {}
    for guest in subject.guests:
        if guest.vmid is UNKNOWN or guest.category is UNKNOWN:
            yield unclear(guest.name, "the vmid")
        elif guest.category:
            hundreds.setdefault(guest.category, Counter())[int(guest.vmid // 100)] += 1
    # A category that outgrew its hundred goes on in the next ones.
    usual = {
        category: counts.most_common(1)[0][0]
        for category, counts in hundreds.items()
        if counts.total() <= 100
    }
    for guest in subject.guests if usual else ():
        if guest.vmid is UNKNOWN or guest.category is UNKNOWN:
            continue
        own = usual.get(guest.category)
        if own is not None and guest.vmid // 100 != own:
            text = f"vmid {guest.vmid:g} is not in {own}00-{own}99 as {guest.category}'s are"
            yield entry_fails(guest, text, "vmid")


RULE = Rule(
    id="HL510",
    slug="vmid-range",
    severity=Severity.WARNING,
    summary="Containers of one category have vmids of one hundred.",
    rationale="Who reads 305 in a log knows at once that it is about monitoring.",
    fix="Choose a vmid in the hundred that the category's other containers use.",
    check=check,
)

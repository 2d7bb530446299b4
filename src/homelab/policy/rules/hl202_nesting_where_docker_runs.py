"""HL202: Nesting is on where a service runs in Docker, and nowhere else."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        where = ("features", "nesting")
        nesting = UNKNOWN if guest.features is UNKNOWN else guest.features.get("nesting", False)
        if not isinstance(nesting, bool) or guest.service is UNKNOWN:
            yield unclear(guest.name, "whether it nests or runs Docker")
        elif nesting and guest.service is None:
            yield entry_fails(guest, "nesting is on, and no service runs in Docker", *where)
        elif not nesting and guest.service is not None:
            yield entry_fails(guest, "nesting is off, and Docker does not run without it", *where)


RULE = Rule(
    id="HL202",
    slug="nesting-where-docker-runs",
    summary="Nesting is on where a service runs in Docker, and nowhere else.",
    rationale=(
        "Docker does not start without nesting; without Docker, nesting only widens what a "
        "container may do."
    ),
    fix="Set features.nesting = true where the entry has a service, and false where it has none.",
    check=check,
)

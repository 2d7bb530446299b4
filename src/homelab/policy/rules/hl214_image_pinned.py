"""HL214: A service's image is pinned to a version."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest, service in subject.services:
        if service.image is UNKNOWN:
            yield unclear(guest.name, "the image")
            continue
        name, _, digest = service.image.partition("@sha256:")
        tag = name.rpartition("/")[2].partition(":")[2]
        if len(digest) != 64 and not any(character.isdecimal() for character in tag):
            text = f"image {service.image!r} names no version"
            yield entry_fails(guest, text, "service", "image")


RULE = Rule(
    id="HL214",
    slug="image-pinned",
    summary="A service's image is pinned to a version.",
    rationale="A moving tag brings in another program with the next pull, also in a rollback.",
    fix="Write the version as the tag of service.image, such as grafana/grafana:11.6.1.",
    check=check,
)

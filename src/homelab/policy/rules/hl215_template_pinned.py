"""HL215: A container template names its version."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        template = guest.template
        if template is UNKNOWN:
            yield unclear(guest.name, "the template")
        elif template and not any(
            c.isdecimal() for c in template.rpartition("/")[2].partition(".tar")[0]
        ):
            yield entry_fails(guest, f"template {template!r} names no version", "template")


RULE = Rule(
    id="HL215",
    slug="template-pinned",
    severity=Severity.WARNING,
    summary="A container template names its version.",
    rationale=(
        "A template without a version can change under the same name, and two containers "
        "differ for no visible reason."
    ),
    fix="Name a template such as local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst.",
    check=check,
)

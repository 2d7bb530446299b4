"""HL203: No feature is used that only root@pam may set."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN

FEATURES = ("keyctl", "fuse", "mknod", "mount", "force_rw_sys")
"""Features that need root@pam's own ticket."""


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.features is UNKNOWN:
            yield unclear(guest.name, "a feature")
            continue
        for name in FEATURES:
            value = guest.features.get(name)
            if value is UNKNOWN:
                yield unclear(guest.name, f"the feature {name}")
            elif value:
                text = f"the feature {name} needs root@pam's own ticket"
                yield entry_fails(guest, text, "features", name)


RULE = Rule(
    id="HL203",
    slug="no-root-only-feature",
    summary="No feature is used that only root@pam may set.",
    rationale=(
        "Proxmox VE refuses every feature but nesting to API tokens and other users, so the "
        "apply stops half-way."
    ),
    fix=(
        "Remove the feature; where it is needed, set it by hand as root@pam and ignore it in "
        "Terraform."
    ),
    check=check,
)

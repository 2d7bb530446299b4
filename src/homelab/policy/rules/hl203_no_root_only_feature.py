"""HL203: No feature is used that only root@pam may set."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown

FEATURES = ("keyctl", "fuse", "mknod", "mount", "force_rw_sys")
"""Features that need root@pam's own ticket."""


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        where = ("containers", guest.name, "features")
        if isinstance(guest.features, Unknown):
            yield unclear(guest.name, "a feature", *where)
            continue
        for name in FEATURES:
            value = guest.features.get(name)
            if isinstance(value, Unknown):
                yield unclear(guest.name, f"the feature {name}", *where, name)
            elif value:
                yield fails(
                    guest.name, f"the feature {name} needs root@pam's own ticket", *where, name
                )


RULE = Rule(
    id="HL203",
    slug="no-root-only-feature",
    severity=Severity.ERROR,
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

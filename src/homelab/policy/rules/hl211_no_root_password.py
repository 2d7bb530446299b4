"""HL211: Terraform sets no root password."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        if guest.password is False:
            continue
        where = (
            "block",
            "modules/lxc-container/main.tf",
            "resource",
            "proxmox_lxc",
            "this",
            "password",
        )
        if isinstance(guest.password, Unknown):
            yield unclear(guest.name, "the root password", *where)
        else:
            yield fails(guest.name, "a root password is set", *where)


RULE = Rule(
    id="HL211",
    slug="no-root-password",
    severity=Severity.ERROR,
    summary="Terraform sets no root password.",
    rationale=(
        "A password given to Terraform stays in its state in plain text; people and Ansible "
        "log in with a key."
    ),
    fix="Leave `password` out; use ssh_public_keys.",
    check=check,
)

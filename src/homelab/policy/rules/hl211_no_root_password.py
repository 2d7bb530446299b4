"""HL211: Terraform sets no root password."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN

_WHERE = ("modules/lxc-container/main.tf", "resource", "proxmox_lxc", "this")


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.password is UNKNOWN:
            yield unclear(guest.name, "the root password")
        elif guest.password:
            yield fails(guest.name, "a root password is set", "block", *_WHERE, "password")


RULE = Rule(
    id="HL211",
    slug="no-root-password",
    summary="Terraform sets no root password.",
    rationale=(
        "A password given to Terraform stays in its state in plain text; people and Ansible "
        "log in with a key."
    ),
    fix="Leave `password` out; use ssh_public_keys.",
    check=check,
)

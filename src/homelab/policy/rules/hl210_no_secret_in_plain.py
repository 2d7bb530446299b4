"""HL210: A secret is not written out as a plain variable."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.secrets import is_secret_name, is_secret_value
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        service = guest.service
        if service is None:
            continue
        where = ("containers", guest.name, "service", "environment")
        if isinstance(service, Unknown) or isinstance(service.environment, Unknown):
            yield unclear(guest.name, "a variable", *where)
            continue
        for name, value in service.environment.items():
            if isinstance(value, Unknown):
                yield unclear(guest.name, f"the variable {name}", *where, name)
            elif not value or not isinstance(value, str):
                continue
            elif is_secret_name(name):
                yield fails(guest.name, f"{name} looks like a secret and has a value", *where, name)
            elif is_secret_value(value):
                yield fails(guest.name, f"the value of {name} looks like a secret", *where, name)


RULE = Rule(
    id="HL210",
    slug="no-secret-in-plain",
    severity=Severity.ERROR,
    summary="A secret is not written out as a plain variable.",
    rationale=(
        "What stands in service.environment is in Git, in the plan and in Terraform's state "
        "for everybody to read."
    ),
    fix=(
        "Move the variable's name to service.secrets, and its value into the vault "
        "(ansible/group_vars)."
    ),
    check=check,
)

"""HL210: A secret is not written out as a plain variable."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.secrets import is_secret_name, is_secret_value
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest, service in subject.services:
        where = ("service", "environment")
        if service.environment is UNKNOWN:
            yield unclear(guest.name, "a variable")
            continue
        for name, value in service.environment.items():
            if value is UNKNOWN:
                yield unclear(guest.name, f"the variable {name}")
            elif not value or not isinstance(value, str):
                continue
            elif is_secret_name(name):
                text = f"{name} looks like a secret and has a value"
                yield entry_fails(guest, text, *where, name)
            elif is_secret_value(value):
                yield entry_fails(guest, f"the value of {name} looks like a secret", *where, name)


RULE = Rule(
    id="HL210",
    slug="no-secret-in-plain",
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

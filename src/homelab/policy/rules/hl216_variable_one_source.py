"""HL216: A variable has a name that a shell takes, and one source."""

import re
from collections.abc import Iterator
from functools import lru_cache

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check(subject: Subject) -> Iterator[Observation]:
    for guest, service in subject.services:
        if service.environment is UNKNOWN or service.secrets is UNKNOWN:
            yield unclear(guest.name, "a variable")
            continue
        if not service.secrets and all(map(_is_variable, service.environment)):
            continue
        for field, names in (("environment", service.environment), ("secrets", service.secrets)):
            for name in names:
                if not _is_variable(name):
                    yield entry_fails(guest, f"{name!r} is no variable's name", "service", field)
        seen: set[str] = set()
        for index, name in enumerate(service.secrets):
            if name in seen:
                text = f"secret {name} is there twice"
                yield entry_fails(guest, text, "service", "secrets", index)
            elif name in service.environment:
                text = f"{name} is a secret, and has a value in environment"
                yield entry_fails(guest, text, "service", "environment", name)
            seen.add(name)


@lru_cache(maxsize=4096)
def _is_variable(name: str) -> bool:
    return _VARIABLE.fullmatch(name) is not None


RULE = Rule(
    id="HL216",
    slug="variable-one-source",
    summary="A variable has a name that a shell takes, and one source.",
    rationale="Which of two values a service gets is an accident, and Compose drops a name that is none.",
    fix="Name it in service.environment or in service.secrets, once: letters, digits and '_'.",
    check=check,
)

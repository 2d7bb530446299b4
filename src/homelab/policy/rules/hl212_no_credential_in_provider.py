"""HL212: The provider's block holds no credential."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, fails
from homelab.policy.subject import Subject

ARGUMENTS = ("pm_password", "pm_api_token_secret", "pm_otp")
"""Arguments of the provider that are secrets."""


def check(subject: Subject) -> Iterator[Observation]:
    for name in ARGUMENTS:
        value = subject.provider.get(name)
        if isinstance(value, str) and value and not value.startswith("${"):
            where = ("block", "providers.tf", "provider", "proxmox", name)
            yield fails("provider", f"{name} is written out", *where)


RULE = Rule(
    id="HL212",
    slug="no-credential-in-provider",
    summary="The provider's block holds no credential.",
    rationale="Credentials in files get into Git; from the environment they don't.",
    fix=(
        "Remove it from providers.tf and set PM_API_TOKEN_ID and PM_API_TOKEN_SECRET in the "
        "environment."
    ),
    check=check,
)

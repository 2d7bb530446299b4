"""HL213: The certificate of Proxmox VE's API is checked."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    if subject.tls_insecure is True:
        where = ("block", "variables.tf", "variable", "tls_insecure", "default")
        yield fails("provider", "tls_insecure is true", *where)
    elif subject.provider.get("pm_tls_insecure") is True:
        where = ("block", "providers.tf", "provider", "proxmox", "pm_tls_insecure")
        yield fails("provider", "pm_tls_insecure is true", *where)
    elif subject.tls_insecure is UNKNOWN:
        yield unclear("provider", "tls_insecure")


RULE = Rule(
    id="HL213",
    slug="api-certificate-checked",
    summary="The certificate of Proxmox VE's API is checked.",
    rationale="Without it, whoever is in between gets the API token.",
    fix=(
        "Leave tls_insecure at false, and name the CA: ca_file in homelab.toml, or HOMELAB_CA_FILE."
    ),
    check=check,
)

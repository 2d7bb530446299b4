"""Ansible's own view of hosts: its setup module, run once for all of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import BaseModel, ConfigDict

from homelab import process
from homelab.clients.ansible.client import Ansible

_SUBSETS = "!all,!min,platform,network,virtual"
_ENDINGS = (0, 2, 4, 6)
"""Exit codes of `ansible`: fine, hosts failed, hosts were not reached, both."""


class HostFacts(BaseModel):
    """The facts of one host, or what Ansible said instead."""

    model_config = ConfigDict(frozen=True)

    hostname: str | None = None
    default_address: IPv4Address | None = None
    addresses: tuple[IPv4Address, ...] = ()
    virtualization: str | None = None
    error: str | None = None


def gather_facts(
    ansible: Ansible, inventory: Mapping[str, Any], hosts: Sequence[str]
) -> Mapping[str, HostFacts]:
    """Run the setup module on `hosts`, from the calling thread's network.

    A host that Ansible can't reach is part of the result, not an exception.

    Raises:
        HomelabError: Ansible could not be begun.
    """
    with TemporaryDirectory(prefix="homelab-facts-") as scratch:
        place = Path(scratch)
        path = place / "inventory.json"
        path.write_text(json.dumps(inventory), encoding="utf-8")
        facts = place / "facts"
        process.run(
            (
                *(Path(sys.executable).with_name("ansible"), ",".join(hosts)),
                *("--inventory", path, "--forks", str(len(hosts)), "--timeout", "60"),
                *("--tree", facts),
                *("--module-name", "ansible.builtin.setup"),
                *("--args", f"gather_subset={_SUBSETS}"),
            ),
            env=ansible.variables(place),
            expected=_ENDINGS,
        )
        return {host: _facts(facts / host) for host in hosts}


def _facts(path: Path) -> HostFacts:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return HostFacts(error="Ansible wrote no facts")
    facts = said.get("ansible_facts")
    if not facts:
        return HostFacts(error=str(said.get("msg", said))[:500])
    return HostFacts(
        hostname=facts.get("ansible_hostname"),
        default_address=facts.get("ansible_default_ipv4", {}).get("address"),
        addresses=tuple(facts.get("ansible_all_ipv4_addresses", ())),
        virtualization=facts.get("ansible_virtualization_type"),
    )

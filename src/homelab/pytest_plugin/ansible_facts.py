"""Ansible's own view of the containers: its setup module, run once for all of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, ConfigDict, TypeAdapter

from homelab import process
from homelab.errors import HomelabError
from homelab.model import SshAccess, Topology, inventory

_SUBSETS = "!all,!min,platform,network,virtual"


class AnsibleFacts(BaseModel):
    """The facts of one container, or what Ansible said instead."""

    model_config = ConfigDict(frozen=True)

    hostname: str | None = None
    default_address: IPv4Address | None = None
    addresses: tuple[IPv4Address, ...] = ()
    virtualization: str | None = None
    error: str | None = None


ALL_FACTS = TypeAdapter(dict[str, AnsibleFacts])
"""Writes and reads the facts of all containers as JSON."""


def gather(
    topology: Topology, names: Sequence[str], *, ssh: SshAccess, config: Path
) -> Mapping[str, AnsibleFacts]:
    """Run the setup module on the named containers, from the calling thread's network.

    `config` is the project's ansible.cfg. A container that Ansible can't reach is an answer too.
    """
    with TemporaryDirectory(prefix="homelab-facts-") as name:
        directory = Path(name)
        hosts = directory / "inventory.json"
        hosts.write_text(json.dumps(inventory(topology, ssh=ssh)), encoding="utf-8")
        tree = directory / "facts"
        try:
            process.run(
                [
                    *(Path(sys.executable).with_name("ansible"), ",".join(names)),
                    *("--inventory", hosts, "--forks", "50", "--tree", tree),
                    *("--module-name", "ansible.builtin.setup"),
                    *("--args", f"gather_subset={_SUBSETS}"),
                ],
                env={"ANSIBLE_CONFIG": str(config), "ANSIBLE_NOCOLOR": "1"},
                expected=(0, 2, 4, 6),
                timeout=300,
            )
        except HomelabError as error:
            return {name: AnsibleFacts(error=str(error)) for name in names}
        return {name: _facts(tree / name) for name in names}


def _facts(path: Path) -> AnsibleFacts:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return AnsibleFacts(error="Ansible wrote no facts")
    facts = said.get("ansible_facts")
    if not facts:
        return AnsibleFacts(error=str(said.get("msg", said))[:500])
    return AnsibleFacts(
        hostname=facts.get("ansible_hostname"),
        default_address=facts.get("ansible_default_ipv4", {}).get("address"),
        addresses=tuple(facts.get("ansible_all_ipv4_addresses", ())),
        virtualization=facts.get("ansible_virtualization_type"),
    )

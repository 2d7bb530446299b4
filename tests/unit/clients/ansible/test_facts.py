"""Ansible's facts as values; the program itself is driven in the integration tests."""

from __future__ import annotations

import json
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homelab import process
from homelab.clients.ansible.client import Ansible
from homelab.clients.ansible.facts import HostFacts, gather_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

_SAID = {
    "plex": {
        "ansible_facts": {
            "ansible_hostname": "plex",
            "ansible_default_ipv4": {"address": "192.0.2.1"},
            "ansible_all_ipv4_addresses": ["192.0.2.1", "172.17.0.1"],
            "ansible_virtualization_type": "lxc",
        }
    },
    "sonarr": {"unreachable": True, "msg": "Connection refused"},
}


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run; each writes what Ansible would into its tree."""
    seen: list[list[str]] = []

    def run(argv: Sequence[str | Path], **_: object) -> None:
        words = [str(word) for word in argv]
        seen.append(words)
        tree = Path(words[words.index("--tree") + 1])
        tree.mkdir()
        for name, said in _SAID.items():
            (tree / name).write_text(json.dumps(said))

    monkeypatch.setattr(process, "run", run)
    return seen


def test_facts_and_failures_are_values(commands: list[list[str]], tmp_path: Path) -> None:
    ansible = Ansible(directory=tmp_path, logs=tmp_path)

    facts = gather_facts(ansible, {"all": {}}, ["plex", "sonarr", "radarr"])

    assert facts == {
        "plex": HostFacts(
            hostname="plex",
            default_address=IPv4Address("192.0.2.1"),
            addresses=(IPv4Address("192.0.2.1"), IPv4Address("172.17.0.1")),
            virtualization="lxc",
        ),
        "sonarr": HostFacts(error="Connection refused"),
        "radarr": HostFacts(error="Ansible wrote no facts"),
    }


def test_all_hosts_are_asked_at_once(commands: list[list[str]], tmp_path: Path) -> None:
    gather_facts(Ansible(directory=tmp_path, logs=tmp_path), {}, ["plex", "sonarr"])

    (words,) = commands
    assert Path(words[0]).name == "ansible"
    assert words[1] == "plex,sonarr"
    assert words[words.index("--forks") + 1] == "2"

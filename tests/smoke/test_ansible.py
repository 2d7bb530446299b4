"""Whether Ansible, asking for itself, sees what terraform/ declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homelab.model import Container
    from homelab.pytest_plugin.ansible_facts import AnsibleFacts


def test_facts_agree(container: Container, ansible_facts: Mapping[str, AnsibleFacts]) -> None:
    facts = ansible_facts[container.name]
    about = f"container {container.name} (service {container.service.image})"

    assert facts.error is None, f"{about}: Ansible has no facts: {facts.error}"
    assert facts.hostname == container.name, f"{about}: Ansible sees host {facts.hostname}"
    missing = {link.address for link in container.networks} - set(facts.addresses)
    assert not missing, f"{about}: Ansible sees {facts.addresses}, without {missing}"
    routed = next((link.address for link in container.networks if link.gateway), None)
    assert facts.default_address == routed, (
        f"{about}: Ansible's default address is {facts.default_address}, not {routed}"
    )
    assert facts.virtualization == "lxc", f"{about}: Ansible sees {facts.virtualization}"

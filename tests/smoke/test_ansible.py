"""Whether Ansible, asking for itself, sees what terraform/ declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homelab.pytest_plugin import expect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homelab.clients.ansible.facts import HostFacts
    from homelab.model import Container


def test_facts_agree(container: Container, ansible_facts: Mapping[str, HostFacts]) -> None:
    facts = ansible_facts[container.name]
    routed = next((link.address for link in container.networks if link.gateway), None)
    missing = {link.address for link in container.networks} - set(facts.addresses)

    expect(container, facts.error is None, f"Ansible has no facts: {facts.error}")
    expect(container, facts.hostname == container.name, f"Ansible sees host {facts.hostname}")
    expect(
        container,
        not missing,
        f"Ansible does not see {', '.join(map(str, missing))}, but "
        f"{', '.join(map(str, facts.addresses)) or 'no address'}",
    )
    expect(
        container,
        facts.default_address == routed,
        f"Ansible's default address is {facts.default_address}, not {routed}",
    )
    expect(container, facts.virtualization == "lxc", f"Ansible sees a {facts.virtualization} guest")

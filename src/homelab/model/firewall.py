"""The inbound firewall rules that follow from the containers, as modules/firewall-rules has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from homelab.model.values import Container, FirewallRule, Network

SSH_PORT = 22


def firewall_rules(
    networks: Sequence[Network], containers: Iterable[Container]
) -> tuple[FirewallRule, ...]:
    """Each published port for each of its sources, and ssh from the first interface's network."""
    by_bridge = {network.bridge: network.name for network in networks}
    rules: list[FirewallRule] = []
    for container in containers:
        rules.extend(
            FirewallRule(
                container=container.name,
                source=source,
                port=port.port,
                protocol=port.protocol,
                comment="service",
            )
            for port in container.service.ports
            for source in port.sources
        )
        network = by_bridge.get(container.networks[0].bridge)
        if network is not None:
            rules.append(
                FirewallRule(
                    container=container.name, source=network, port=SSH_PORT, comment="management"
                )
            )
    return tuple(rules)


def sort_rules(
    rules: Iterable[FirewallRule], containers: Iterable[Container]
) -> tuple[FirewallRule, ...]:
    """The rules in the order of the containers, then by port, protocol and source."""
    position = {container.name: index for index, container in enumerate(containers)}
    return tuple(
        sorted(
            rules,
            key=lambda rule: (
                position.get(rule.container, len(position)),
                rule.port,
                rule.protocol,
                rule.source,
            ),
        )
    )

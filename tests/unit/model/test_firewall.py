from __future__ import annotations

from homelab.model import Topology
from homelab.model.firewall import SSH_PORT, firewall_rules, sort_rules


def test_each_port_is_open_to_each_of_its_sources_and_ssh_to_the_first_network(
    topology: Topology,
) -> None:
    rules = firewall_rules(topology.networks, topology.containers)
    for container in topology:
        mine = [rule for rule in rules if rule.container == container.name]
        opened = {(rule.port, rule.protocol, rule.source) for rule in mine}
        wanted = {
            (port.port, port.protocol, source)
            for port in container.service.ports
            for source in port.sources
        }
        (ssh,) = [rule for rule in mine if rule.comment == "management"]
        assert opened == {*wanted, (SSH_PORT, "tcp", ssh.source)}
        network = next(net for net in topology.networks if net.name == ssh.source)
        assert network.bridge == container.networks[0].bridge


def test_rules_have_one_order_whatever_they_came_in(topology: Topology) -> None:
    turned = topology.firewall[::-1]
    assert sort_rules(turned, topology.containers) == topology.firewall

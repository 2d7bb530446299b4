from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.runtime import Guest, Nic
from homelab.lab.runtimes.lxc.links import change_commands, parse_addresses

ETH0 = Nic(
    name="eth0", bridge="vmbr0", hwaddr="BC:24:11:00:00:01", ip="10.10.0.21/24", gateway="10.10.0.1"
)
ETH1 = Nic(name="eth1", bridge="vmbr1", hwaddr="BC:24:11:00:00:02", ip="10.20.0.9/24")


def guest(*nics: Nic) -> Guest:
    return Guest(vmid=201, hostname="plex", nics=nics)


def test_an_interface_that_is_added():
    node, inside = change_commands(guest(ETH0), guest(ETH0, ETH1), 42)
    assert node[-2:] == ["link set veth201i1 master vmbr1", "link set veth201i1 up"]
    assert "link set veth201i1p netns 42 name eth1" in node
    assert inside == ["link set eth1 up", "address add 10.20.0.9/24 dev eth1"]


def test_an_interface_that_is_removed():
    assert change_commands(guest(ETH0, ETH1), guest(ETH0), 42) == (["link delete veth201i1"], [])


def test_another_address_keeps_the_interface():
    node, inside = change_commands(guest(ETH0), guest(replace(ETH0, ip="10.10.0.22/24")), 42)
    assert node == []
    assert inside == [
        "address flush dev eth0 scope global",
        "link set eth0 up",
        "address add 10.10.0.22/24 dev eth0",
        "route replace default via 10.10.0.1 dev eth0",
    ]


def test_another_bridge_moves_the_hosts_end():
    node, _ = change_commands(guest(ETH0), guest(replace(ETH0, bridge="vmbr1")), 42)
    assert node == ["link set veth201i0 master vmbr1"]


def test_another_hardware_address_makes_it_anew():
    node, _ = change_commands(guest(ETH0), guest(replace(ETH0, hwaddr="BC:24:11:00:00:09")), 42)
    assert node[0] == "link delete veth201i0"
    assert node[1].startswith("link add veth201i0")


def test_a_link_taken_down():
    _, inside = change_commands(guest(ETH0), guest(replace(ETH0, link_down=True)), 42)
    assert inside == ["address flush dev eth0 scope global", "link set eth0 down"]


nics = st.lists(
    st.builds(
        Nic,
        name=st.sampled_from(["eth0", "eth1", "eth2"]),
        bridge=st.sampled_from(["vmbr0", "vmbr1"]),
        hwaddr=st.sampled_from(["a", "b"]),
        ip=st.sampled_from([None, "dhcp", "10.0.0.2/24"]),
        link_down=st.booleans(),
    ),
    unique_by=lambda nic: nic.name,
    max_size=3,
)


@given(old=nics, new=nics)
def test_every_interface_is_made_as_often_as_it_needs(old, new):
    node, inside = change_commands(guest(*old), guest(*new), 42)
    if old == new:
        assert (node, inside) == ([], [])
    made = sum(line.startswith("link add") for line in node)
    removed = sum(line.startswith("link delete") for line in node)
    assert len(old) - removed + made == len(new)


def test_addresses_of_ip():
    text = json.dumps(
        [
            {
                "ifname": "eth0",
                "address": "bc:24:11:00:00:01",
                "addr_info": [
                    {"family": "inet", "local": "10.10.0.21", "prefixlen": 24},
                    {"family": "inet6", "local": "fe80::1", "prefixlen": 64},
                ],
            },
            {"ifname": "tunl0"},
        ]
    )
    found = parse_addresses(text)
    assert [(a.interface, a.address, a.prefix, a.family) for a in found] == [
        ("eth0", "10.10.0.21", 24, 4),
        ("eth0", "fe80::1", 64, 6),
    ]
    assert parse_addresses("") == ()

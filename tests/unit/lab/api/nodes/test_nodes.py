from __future__ import annotations


def test_the_network_shows_both_bridges(node) -> None:
    rows = node.ask("GET", "/nodes/pve/network", type="bridge").data
    assert [(row["iface"], row["cidr"]) for row in rows] == [
        ("vmbr0", "10.10.0.1/24"),
        ("vmbr1", "10.20.0.254/24"),
    ]
    assert node.ask("GET", "/nodes/pve/network/vmbr9").reason == "interface does not exist"

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from homelab.model import Topology
from homelab.model.hcl import declared
from homelab.policy.documents import subject_from_topology
from homelab.policy.trees import subject_from_tree
from homelab.policy.values import UNKNOWN


def test_a_tree_and_its_topology_are_the_same_to_the_rules(tree: Path) -> None:
    read = subject_from_tree(declared(tree))
    known = subject_from_topology(Topology.load(tree))
    assert {net.name: net for net in read.networks} == {net.name: net for net in known.networks}
    for guest in known.guests:
        other = read.by_name[guest.name]
        for part in ("vmid", "node", "cores", "memory", "rootfs", "mounts", "order", "service"):
            assert getattr(other, part) == getattr(guest, part), (guest.name, part)
        assert set(other.tags) == set(guest.tags)
    assert read.changes is None


def test_an_expression_is_not_known(tree: Path, edit: Callable[[str, str, str], None]) -> None:
    edit("containers/media-stack.tf", "vmid         = 202", "vmid         = var.first + 1")
    guest = subject_from_tree(declared(tree)).by_name["jellyfin"]
    assert guest.vmid is UNKNOWN
    assert guest.service is not UNKNOWN

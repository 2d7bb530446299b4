from __future__ import annotations

from homelab.policy import reading
from homelab.policy.capacity import Capacity, NodeCapacity
from homelab.policy.overcommit import overcommitted
from homelab.policy.rule import Verdict
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN

_CAPACITY = Capacity(nodes={"pve": NodeCapacity(cores=4, memory=8192)})


def _subject(*guests: tuple[str, object, object], capacity: Capacity = _CAPACITY) -> Subject:
    return Subject(
        guests=[
            reading.guest(name, {"node": node, "memory": memory}) for name, node, memory in guests
        ],
        capacity=capacity,
    )


def test_a_node_that_promises_too_much_is_told_at_whoever_takes_most() -> None:
    subject = _subject(("a", "pve", 2048), ("b", "pve", 6145), ("c", "pve", 1))
    (found,) = overcommitted(subject, "memory", 1.0)
    assert (found.item, found.where) == ("pve", ("containers", "b", "memory"))
    assert found.message == ("8194 MiB memory are promised of 8192 MiB (at most 1:1); most to b")
    assert list(overcommitted(subject, "memory", 1.5)) == []


def test_what_is_not_known_is_not_called_enough() -> None:
    subject = _subject(("a", "pve", 2048), ("b", "pve", UNKNOWN), ("c", "elsewhere", 1))
    found = list(overcommitted(subject, "memory", 1.0))
    assert {one.item for one in found} == {"b", "elsewhere"}
    assert {one.verdict for one in found} == {Verdict.UNKNOWN}

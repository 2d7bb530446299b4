"""HL301: The memory of a node's containers fits into the node."""

from collections.abc import Iterator

from homelab.policy.overcommit import overcommitted
from homelab.policy.rule import Observation, Rule
from homelab.policy.subject import Subject


def check(subject: Subject) -> Iterator[Observation]:
    yield from overcommitted(subject, "memory", subject.capacity.memory_ratio)


RULE = Rule(
    id="HL301",
    slug="memory-fits-node",
    summary="The memory of a node's containers fits into the node.",
    rationale=(
        "When more is promised than there is, the kernel kills processes of whichever "
        "container asks last."
    ),
    fix="Lower `memory`, move a container with `node`, or correct policy.nodes in homelab.toml.",
    check=check,
)

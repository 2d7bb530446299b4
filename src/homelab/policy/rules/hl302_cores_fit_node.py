"""HL302: The cores of a node's containers are within its overcommit ratio."""

from collections.abc import Iterator

from homelab.policy.overcommit import overcommitted
from homelab.policy.rule import Observation, Rule, Severity
from homelab.policy.subject import Subject


def check(subject: Subject) -> Iterator[Observation]:
    yield from overcommitted(subject, "cores", subject.capacity.cores_ratio)


RULE = Rule(
    id="HL302",
    slug="cores-fit-node",
    severity=Severity.WARNING,
    summary="The cores of a node's containers are within its overcommit ratio.",
    rationale=(
        "Containers that wait for a processor miss their health checks under load, all at once."
    ),
    fix=(
        "Lower `cores`, move a container with `node`, or correct policy.nodes and "
        "policy.cores_ratio in homelab.toml."
    ),
    check=check,
)

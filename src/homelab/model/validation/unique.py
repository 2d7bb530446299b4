"""Values of which the topology may hold each only once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from homelab.model.problems import Problem, Where

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use of a value by an owner, a container or a network."""

    path: Where
    value: Hashable
    owner: str
    label: str
    """How a message names the value, such as `vmid 201`."""


def repeated(uses: Iterable[Use]) -> Iterator[Problem]:
    """A problem for each use of a value after its first."""
    first: dict[Hashable, Use] = {}
    for use in uses:
        earlier = first.setdefault(use.value, use)
        if earlier is use:
            continue
        verdict = "is there twice" if earlier.owner == use.owner else f"is taken by {earlier.owner}"
        yield Problem(
            path=use.path, message=f"{use.owner}: {use.label} {verdict}", other=earlier.path
        )

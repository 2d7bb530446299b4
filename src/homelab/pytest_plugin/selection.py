"""Which containers a test is about, by its marker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from homelab.errors import ConfigurationError
from homelab.model import Container, Topology

MARKER = "containers(group=None, name=None): run the test for the containers of a category, or one"


def pick(topology: Topology, criteria: Iterable[Mapping[str, object]]) -> tuple[Container, ...]:
    """The containers that fit every one of `criteria`, the keyword arguments of the markers.

    Raises:
        ConfigurationError: a criterion is unknown, or no container fits; says what there is.
    """
    picked = topology.containers
    for given in criteria:
        unknown = set(given) - {"group", "name"}
        if unknown:
            raise ConfigurationError(
                f"the marker 'containers' knows group and name, not {', '.join(sorted(unknown))}"
            )
        group, name = given.get("group"), given.get("name")
        picked = tuple(
            container
            for container in picked
            if (group is None or container.category == group)
            and (name is None or container.name == name)
        )
    if not picked:
        wanted = ", ".join(f"{key}={value!r}" for given in criteria for key, value in given.items())
        raise ConfigurationError(
            f"no container is selected by containers({wanted})",
            hint=f"groups: {', '.join(topology.categories)}; names: "
            f"{', '.join(container.name for container in topology)}",
        )
    return picked

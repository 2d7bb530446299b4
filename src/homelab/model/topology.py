"""The topology: what `terraform/` declares, wherever it was read from.

Everything that is derived (inventory, probes, images, documentation) is derived from `Topology`.
The readers (`hcl`, `plan`, `outputs`) all produce it, and must agree. Its values are well-formed;
whether they contradict each other is the policy's to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from homelab.model.firewall import firewall_rules, sort_rules
from homelab.model.values import Container, FirewallRule, Network, Value

if TYPE_CHECKING:
    from homelab.model.hcl import Declared


class Topology(Value):
    """All networks (by name), containers (by vmid) and firewall rules (by container and port)."""

    networks: tuple[Network, ...]
    containers: tuple[Container, ...]
    firewall: tuple[FirewallRule, ...] = ()

    @classmethod
    def load(
        cls, tree: Declared | Path | str, *, variables: Mapping[str, str] | None = None
    ) -> Topology:
        """Make it of the HCL in a terraform/ directory, or of what was read there; no Terraform.

        `variables` are the root module's input variables, as `-var` gives them; others have their
        defaults, or what terraform.tfvars and *.auto.tfvars say.

        Raises:
            ConfigurationError: it is no tree of ours.
            TopologyError: listing every value that is none, with its file and line.
        """
        from homelab.model.hcl import Declared, declared
        from homelab.model.hcl.typed import typed

        source = tree if isinstance(tree, Declared) else declared(Path(tree))
        networks, containers = typed(source, variables or {})
        return cls(
            networks=networks,
            containers=containers,
            firewall=sort_rules(firewall_rules(networks, containers), containers),
        )

    def __iter__(self) -> Iterator[Container]:  # type: ignore[override]
        return iter(self.containers)

    def __len__(self) -> int:
        return len(self.containers)

    def container(self, name: str) -> Container:
        """The container of that name.

        Raises:
            KeyError: there is none.
        """
        for container in self.containers:
            if container.name == name:
                return container
        raise KeyError(name)

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories in order of their first container."""
        return tuple(dict.fromkeys(container.category for container in self.containers))

"""Read-only questions to a target that was deployed: health, and the inventory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from homelab.errors import ConfigurationError
from homelab.model import Topology, topology_from_outputs
from homelab.model import inventory as inventory_of
from homelab.operations.review.judge import require_coherent
from homelab.operations.stages.check import load_topology
from homelab.operations.stages.configure import ssh_access
from homelab.operations.stages.plan import terraform_for
from homelab.operations.target.target import Target, open_target
from homelab.options.lab import LabOptions
from homelab.probes import ProbeReport
from homelab.probes import run as run_probes
from homelab.settings import Settings, load


def probe(
    *,
    target: str | None = None,
    settings: Settings | None = None,
    lab: LabOptions | None = None,
    only: Iterable[str] | None = None,
    deadline: float = 0.0,
) -> ProbeReport:
    """Ask the services of a target whether they are well.

    Raises:
        UnreachableError: the lab is not up.
        CapabilityError: the target keeps state only.
        PolicyViolationError: terraform/ contradicts itself.
    """
    loaded = settings or load()
    opened = open_target(loaded, target, options=lab, start=False)
    topology = load_topology(loaded, opened.variables)
    return run_probes(topology, target=opened, only=only, deadline=deadline)


def inventory(
    *,
    target: str | None = None,
    settings: Settings | None = None,
    lab: LabOptions | None = None,
) -> dict[str, Any]:
    """The Ansible inventory of what was deployed, from the state's outputs.

    Raises:
        ConfigurationError: nothing was deployed yet.
    """
    loaded = settings or load()
    opened = open_target(loaded, target, options=lab, start=False)
    return inventory_of(deployed_topology(loaded, opened), ssh=ssh_access(opened))


def deployed_topology(settings: Settings, target: Target) -> Topology:
    """The topology that the last apply put into the state's outputs.

    Raises:
        ConfigurationError: there is no such output.
        PolicyViolationError: it contradicts itself.
    """
    outputs = terraform_for(settings, target).output()
    if not outputs:
        raise ConfigurationError(
            f"nothing was deployed to {target.name!r} from here", hint="run 'homelab deploy'"
        )
    topology = topology_from_outputs(outputs)
    require_coherent(settings, topology)
    return topology

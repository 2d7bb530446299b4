"""The topology as frozen typed values, its readers, and what derives from it.

Names are imported when they are first used: the lab has no need of what reads outside data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from homelab.model.documents import document_of, topology_from_document
    from homelab.model.firewall import firewall_rules
    from homelab.model.inventories import SshAccess, inventory
    from homelab.model.outputs import topology_from_outputs
    from homelab.model.plan import topology_from_plan
    from homelab.model.topology import Topology
    from homelab.model.values import (
        Container,
        Features,
        FirewallRule,
        Health,
        Interface,
        MountPoint,
        Name,
        Network,
        Port,
        PublishedPort,
        RootFs,
        Service,
        Size,
        Startup,
        Value,
        Vmid,
    )
    from homelab.model.waves import start_waves

__all__ = [
    "Container",
    "Features",
    "FirewallRule",
    "Health",
    "Interface",
    "MountPoint",
    "Name",
    "Network",
    "Port",
    "PublishedPort",
    "RootFs",
    "Service",
    "Size",
    "SshAccess",
    "Startup",
    "Topology",
    "Value",
    "Vmid",
    "document_of",
    "firewall_rules",
    "inventory",
    "start_waves",
    "topology_from_document",
    "topology_from_outputs",
    "topology_from_plan",
]

_ELSEWHERE = {
    "SshAccess": "inventories",
    "Topology": "topology",
    "document_of": "documents",
    "firewall_rules": "firewall",
    "inventory": "inventories",
    "start_waves": "waves",
    "topology_from_document": "documents",
    "topology_from_outputs": "outputs",
    "topology_from_plan": "plan",
}
"""Where a name is that is not in `values`."""


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module 'homelab.model' has no attribute {name!r}")
    value: object = getattr(import_module(f"homelab.model.{_ELSEWHERE.get(name, 'values')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted({*globals(), *__all__})

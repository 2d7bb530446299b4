"""The topology as frozen typed values, its readers, its validation, and what derives from it."""

from homelab.model.documents import document_of, topology_from_document
from homelab.model.firewall import firewall_rules
from homelab.model.inventory import SshAccess, inventory
from homelab.model.outputs import topology_from_outputs
from homelab.model.plan import topology_from_plan
from homelab.model.sizes import format_size, parse_size
from homelab.model.topology import (
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
    Topology,
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
    "format_size",
    "inventory",
    "parse_size",
    "start_waves",
    "topology_from_document",
    "topology_from_outputs",
    "topology_from_plan",
]

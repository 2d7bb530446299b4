"""The whole API: every endpoint that this node serves."""

from __future__ import annotations

from homelab.lab.api.access import acl, tickets, users
from homelab.lab.api.cluster import cluster, options, pools, resources
from homelab.lab.api.endpoint import Endpoint
from homelab.lab.api.firewall import endpoints
from homelab.lab.api.guests import backups, clones, containers, power, snapshots
from homelab.lab.api.nodes import nodes, settings, storage, storage_content, tasks

_MODULES = (
    *(tickets, users, acl, cluster, resources, nodes, containers, power, snapshots, clones),
    *(endpoints, backups, storage_content, settings, options, tasks, storage, pools),
)
ENDPOINTS: tuple[Endpoint, ...] = tuple(row for module in _MODULES for row in module.ENDPOINTS)

"""The whole API: every endpoint that this node serves."""

from __future__ import annotations

from homelab.lab.api.access import acl, tickets, users
from homelab.lab.api.cluster import cluster, options, pools, resources
from homelab.lab.api.endpoint import Endpoint
from homelab.lab.api.firewall import endpoints
from homelab.lab.api.guests import backups, clones, containers, power, snapshots
from homelab.lab.api.nodes import nodes, settings, storage, storage_content, tasks

ENDPOINTS: tuple[Endpoint, ...] = (
    *tickets.ENDPOINTS,
    *users.ENDPOINTS,
    *acl.ENDPOINTS,
    *cluster.ENDPOINTS,
    *resources.ENDPOINTS,
    *nodes.ENDPOINTS,
    *containers.ENDPOINTS,
    *power.ENDPOINTS,
    *snapshots.ENDPOINTS,
    *clones.ENDPOINTS,
    *endpoints.ENDPOINTS,
    *backups.ENDPOINTS,
    *storage_content.ENDPOINTS,
    *settings.ENDPOINTS,
    *options.ENDPOINTS,
    *tasks.ENDPOINTS,
    *storage.ENDPOINTS,
    *pools.ENDPOINTS,
)

"""The whole API: every endpoint that this node serves."""

from __future__ import annotations

from homelab.lab.api import (
    access,
    backups,
    cluster,
    containers,
    content,
    copies,
    datacenter,
    firewall,
    node_settings,
    nodes,
    pools,
    power,
    resources,
    rights,
    snapshots,
    storage,
    tasks,
    users,
)
from homelab.lab.api.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *access.ENDPOINTS,
    *users.ENDPOINTS,
    *rights.ENDPOINTS,
    *cluster.ENDPOINTS,
    *resources.ENDPOINTS,
    *nodes.ENDPOINTS,
    *containers.ENDPOINTS,
    *power.ENDPOINTS,
    *snapshots.ENDPOINTS,
    *copies.ENDPOINTS,
    *firewall.ENDPOINTS,
    *backups.ENDPOINTS,
    *content.ENDPOINTS,
    *node_settings.ENDPOINTS,
    *datacenter.ENDPOINTS,
    *tasks.ENDPOINTS,
    *storage.ENDPOINTS,
    *pools.ENDPOINTS,
)

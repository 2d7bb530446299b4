"""The whole API: every endpoint that this node serves."""

from __future__ import annotations

from homelab.lab.api import (
    access,
    cluster,
    containers,
    copies,
    nodes,
    pools,
    power,
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
    *nodes.ENDPOINTS,
    *containers.ENDPOINTS,
    *power.ENDPOINTS,
    *snapshots.ENDPOINTS,
    *copies.ENDPOINTS,
    *tasks.ENDPOINTS,
    *storage.ENDPOINTS,
    *pools.ENDPOINTS,
)

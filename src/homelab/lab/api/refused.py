"""What of PVE's API the lab does not serve, and why; all of it answers 501, as PVE does."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "/access/openid": "there is no identity provider to ask",
        "/access/tfa": "users of the lab have no second factor",
        "/cluster/acme": "the lab makes its own certificates",
        "/cluster/ceph": "the lab has no Ceph",
        "/cluster/config": "nodes join with --nodes, not through the API",
        "/cluster/ha/resources (writes)": "nothing is failed over: one machine runs all nodes",
        "/cluster/jobs": "nothing runs by a schedule",
        "/cluster/mapping": "there are no devices to pass through",
        "/cluster/metrics": "the lab sends no metrics",
        "/cluster/notifications": "the lab sends no mail",
        "/cluster/sdn": "bridges are given when the lab starts",
        "/nodes/{node}/apt": "the node is this machine: nothing is installed through the API",
        "/nodes/{node}/capabilities": "they are those of virtual machines",
        "/nodes/{node}/ceph": "the lab has no Ceph",
        "/nodes/{node}/certificates": "the lab makes its own certificates",
        "/nodes/{node}/disks": "the node is this machine: its disks are left alone",
        "/nodes/{node}/lxc/{vmid}/move_volume": "clone to the other storage instead",
        "/nodes/{node}/lxc/{vmid}/remote_migrate": "there is no other cluster",
        "/nodes/{node}/lxc/{vmid}/status/suspend (of real containers)": (
            "it takes CRIU, which the lab does not use; the task fails as on a node without it"
        ),
        "/nodes/{node}/lxc/{vmid}/vncproxy": "use 'homelab lab shell'",
        "/nodes/{node}/network (writes)": "bridges are given when the lab starts",
        "/nodes/{node}/qemu/{vmid}": "the lab runs containers, no virtual machines",
        "/nodes/{node}/scan": "there is no other storage to find",
        "/nodes/{node}/termproxy": "use 'homelab lab shell'",
        "/storage (writes)": "the storages are fixed: local, local-zfs and local-dir",
    }
)

"""What several endpoints show of guests and storages."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from homelab.lab.node.context import Context
from homelab.lab.node.storages import Storage, find_storage
from homelab.lab.runtime import Usage
from homelab.lab.state.database import GuestRecord
from homelab.pve.sizes import parse_size

_MEBIBYTE = 1 << 20
_DEFAULT_DISK = 4 << 30


def guest_status(
    context: Context, record: GuestRecord, running: Mapping[int, Usage]
) -> dict[str, object]:
    """A guest's state and use, as status/current and the list of guests show them."""
    options = record.config.options
    usage = running.get(record.vmid)
    cpus = int(options.get("cores", "0")) or int(float(options.get("cpulimit", "0"))) or 1
    rootfs = record.config.rootfs() or {}
    status: dict[str, object] = {
        "vmid": record.vmid,
        "status": "stopped" if usage is None else "running",
        "name": options.get("hostname", f"CT{record.vmid}"),
        "type": "lxc",
        "cpus": cpus,
        "maxmem": int(options.get("memory", "512")) * _MEBIBYTE,
        "maxswap": int(options.get("swap", "512")) * _MEBIBYTE,
        "maxdisk": parse_size(rootfs["size"]) if "size" in rootfs else _DEFAULT_DISK,
        **_use(context, record.vmid, usage, cpus),
    }
    if usage is not None:
        status["pid"] = usage.pid
    for key in ("tags", "lock"):
        if options.get(key):
            status[key] = options[key]
    if record.config.flag("template"):
        status["template"] = 1
    if record.damage is not None:
        status |= {"status": "unknown", "lock": "damaged"}
    return status


def guest_resource(
    context: Context,
    record: GuestRecord,
    running: Mapping[int, Usage],
    pools: Mapping[int, str],
) -> dict[str, object]:
    """A guest as cluster/resources and the members of a pool show it."""
    node = context.node_of(record)
    status = guest_status(context, record, running)
    if node in context.faults.down:
        status["status"] = "unknown"
    for key in ("maxswap", "swap", "pid"):
        status.pop(key, None)
    status["maxcpu"] = status.pop("cpus")
    resource = {
        **status,
        "id": f"lxc/{record.vmid}",
        "node": node,
        "template": int(record.config.flag("template")),
    }
    if record.vmid in pools:
        resource["pool"] = pools[record.vmid]
    return resource


def pools_by_guest(context: Context) -> dict[int, str]:
    """The pool of each guest that is in one."""
    stamp = context.state.pool_changes
    return context.memo.get(
        "pools",
        stamp,
        lambda: {vmid: pool.poolid for pool in context.state.pools() for vmid in pool.vmids},
    )


def storage_space(context: Context, storage: Storage) -> tuple[int, int]:
    """Bytes in all, and bytes used by the guests; templates count for what they are."""
    total = shutil.disk_usage(Path("/")).total
    if "rootdir" in storage.content:
        at_home = context.node == context.home
        used = context.state.used_space(context.node, storage.name, with_homeless=at_home)
    else:
        used = sum(template.size for template in context.runtime.templates())
    return total, min(used, total)


def storage_resource(context: Context, name: str) -> dict[str, object]:
    """A storage of a context's node, as cluster/resources and the members of a pool show it."""
    storage = find_storage(name)
    total, used = (0, 0) if storage is None else storage_space(context, storage)
    return {
        "id": f"storage/{context.node}/{name}",
        "type": "storage",
        "storage": name,
        "node": context.node,
        "status": "available",
        "maxdisk": total,
        "disk": used,
    }


def _use(context: Context, vmid: int, usage: Usage | None, cpus: int) -> dict[str, object]:
    if usage is None:
        names = "cpu mem swap disk diskread diskwrite netin netout uptime"
        return dict.fromkeys(names.split(), 0)
    return {
        "cpu": context.cpu.fraction(vmid, usage, cores=cpus),
        "mem": usage.mem,
        "swap": usage.swap,
        "disk": usage.disk,
        "diskread": usage.diskread,
        "diskwrite": usage.diskwrite,
        "netin": usage.netin,
        "netout": usage.netout,
        "uptime": int(usage.uptime),
    }

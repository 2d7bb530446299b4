"""A guest's configuration as the runtime and as the API see it."""

from __future__ import annotations

from homelab.lab.runtime import Guest, Nic, Volume
from homelab.pve.guest_config import GuestConfig
from homelab.pve.sizes import parse_size


def guest_of(vmid: int, config: GuestConfig) -> Guest:
    """What the runtime needs to know of a configuration."""
    options = config.options
    cores = options.get("cores")
    return Guest(
        vmid=vmid,
        hostname=options.get("hostname", f"CT{vmid}"),
        cores=None if cores is None else int(cores),
        cpulimit=float(options.get("cpulimit", "0")),
        cpuunits=int(options.get("cpuunits", "100")),
        memory=int(options.get("memory", 512)),
        swap=int(options.get("swap", 512)),
        nameserver=options.get("nameserver"),
        searchdomain=options.get("searchdomain"),
        volumes=_volumes(config),
        nics=tuple(_nic(net) for net in config.nets().values() if "bridge" in net),
    )


def _volumes(config: GuestConfig) -> tuple[Volume, ...]:
    rootfs = config.rootfs()
    entries = [] if rootfs is None else [{**rootfs, "mp": "/"}]
    entries += config.mount_points().values()
    return tuple(
        Volume(
            volid=entry["volume"],
            path=entry["mp"],
            size=parse_size(entry.get("size", "0")),
            read_only=entry.get("ro") == "1",
        )
        for entry in entries
    )


def _nic(net: dict[str, str]) -> Nic:
    return Nic(
        name=net["name"],
        bridge=net["bridge"],
        hwaddr=net["hwaddr"],
        ip=net.get("ip"),
        gateway=net.get("gw"),
        mtu=int(net["mtu"]) if "mtu" in net else None,
        link_down=net.get("link_down") == "1",
    )

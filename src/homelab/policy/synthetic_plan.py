"""A plan's JSON from two topologies, so that rules can be tried without Terraform.

It has the parts of `terraform show -json` that rules and reviews look at. An integration test
compares it with what Terraform writes for the same tree.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from homelab.model import Topology, document_of
from homelab.pve.telmate.attributes import REBUILDS

_PROVIDER = "registry.terraform.io/telmate/proxmox"
_SAME = ("cores", "memory", "swap", "onboot", "protection", "unprivileged")
"""Attributes of a container that have the topology's names."""
_COMPUTED = {"hwaddr": True, "id": True, "tag": True, "trunks": True, "type": True}


def sketch_plan(
    after: Topology | Mapping[str, Any] | None, before: Topology | Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The plan that leads from one topology to another; None stands for an empty node.

    A topology may also be given in its JSON form (`homelab.model.document_of`), which nobody has
    to have found valid.
    """
    old, new = _document(before), _document(after)
    changes = list(_pools(old, new))
    names = dict.fromkeys((*new.get("containers", {}), *old.get("containers", {})))
    for name in names:
        change = _change(
            _values(name, old.get("containers", {}).get(name), is_made=True),
            _values(name, new.get("containers", {}).get(name), is_made=False),
        )
        changes.append(_resource(f'module.container["{name}"].proxmox_lxc.this', change))
    has_old, has_new = bool(old), bool(new)
    action = "no-op" if old == new else ("update" if has_old else "create")
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.8",
        "variables": {"tls_insecure": {"value": False}},
        "planned_values": {
            "outputs": {"topology": {"value": new}} if has_new else {},
            "root_module": _planned(changes),
        },
        "resource_changes": changes,
        "output_changes": {
            "topology": {
                "actions": [action if has_new else "delete"],
                "before": old or None,
                "after": new or None,
                "after_unknown": False,
            }
        },
        "configuration": {
            "provider_config": {
                "proxmox": {
                    "name": "proxmox",
                    "full_name": _PROVIDER,
                    "expressions": {
                        "pm_parallel": {"constant_value": 28},
                        "pm_tls_insecure": {"references": ["var.tls_insecure"]},
                    },
                }
            }
        },
    }


def _planned(changes: list[dict[str, Any]]) -> dict[str, Any]:
    """The resources as they will be, those of each module on their own."""
    here: list[dict[str, Any]] = []
    modules: list[dict[str, Any]] = []
    for change in changes:
        values = change["change"]["after"]
        if values is None:
            continue
        resource = {key: change[key] for key in ("address", "mode", "type", "name")} | {
            "provider_name": _PROVIDER,
            "schema_version": 0,
            "values": values,
        }
        module = change["address"].partition(".proxmox_lxc.")[0]
        if module == change["address"]:
            here.append(resource)
        else:
            modules.append({"address": module, "resources": [resource]})
    return {"resources": here, "child_modules": modules}


def _document(topology: Topology | Mapping[str, Any] | None) -> dict[str, Any]:
    if topology is None:
        return {}
    if isinstance(topology, Topology):
        return {**document_of(topology), "firewall_policy": "DROP"}
    return copy.deepcopy(dict(topology))


def _pools(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    def categories(document: Mapping[str, Any]) -> dict[str, None]:
        found = document.get("containers", {}).values()
        return dict.fromkeys(str(container.get("category")) for container in found)

    before, after = categories(old), categories(new)
    for name in dict.fromkeys((*after, *before)):
        change = _change(
            {"poolid": name, "comment": f"homelab: {name}"} if name in before else None,
            {"poolid": name, "comment": f"homelab: {name}"} if name in after else None,
        )
        yield _resource(f'proxmox_pool.category["{name}"]', change, kind="proxmox_pool")


def _resource(address: str, change: dict[str, Any], *, kind: str = "proxmox_lxc") -> dict[str, Any]:
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": "this" if kind == "proxmox_lxc" else "category",
        "provider_name": _PROVIDER,
        "change": change,
    }


def _change(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    unknown: dict[str, Any] = {}
    paths: list[list[str]] = []
    if before is None:
        actions = ["create"]
        unknown = _unknown(after or {})
    elif after is None:
        actions = ["delete"]
    else:
        after = _kept(before, after)
        paths = [[name] for name in REBUILDS if before.get(name) != after.get(name)]
        if _storage(before) != _storage(after):
            paths.append(["rootfs"])
        if paths:
            actions = ["delete", "create"]
            unknown = _unknown(after)
        else:
            actions = ["no-op"] if before == after else ["update"]
    return {
        "actions": actions,
        "before": before,
        "after": after,
        "after_unknown": unknown,
        "before_sensitive": {"password": True} if before else False,
        "after_sensitive": {"password": True} if after else False,
        **({"replace_paths": paths} if paths else {}),
    }


def _kept(before: Mapping[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What is planned for something that exists: computed values stay as they are."""
    whole = dict(after)
    for name in ("network", "mountpoint", "rootfs") if "network" in after else ():
        olds, news = before.get(name) or [], whole.get(name) or []
        computed = ("hwaddr", "type", "volume", "file")
        whole[name] = [
            {**{key: old[key] for key in computed if key in old}, **new}
            for old, new in zip(olds, news, strict=False)
        ] + news[len(olds) :]
    return {**{key: before[key] for key in ("id", "current_node") if key in before}, **whole}


def _unknown(after: Mapping[str, Any]) -> dict[str, Any]:
    if "network" not in after:
        return {"id": True}
    return {
        "current_node": True,
        "id": True,
        "network": [dict(_COMPUTED) for _ in after["network"]],
        "mountpoint": [{"file": True, "volume": True} for _ in after["mountpoint"]],
        "rootfs": [{"volume": True}],
    }


def _storage(values: Mapping[str, Any]) -> list[Any]:
    return [root.get("storage") for root in values.get("rootfs") or ()]


def _values(name: str, container: Any, *, is_made: bool) -> dict[str, Any] | None:
    """A container as `proxmox_lxc` has it; `is_made` adds what Proxmox VE gave it."""
    if not isinstance(container, Mapping):
        return None
    vmid, node = container.get("vmid"), container.get("node")
    made: dict[str, Any] = {"id": f"{node}/lxc/{vmid}", "current_node": node} if is_made else {}
    startup = container.get("startup") or {}
    return {
        **made,
        "hostname": name,
        "vmid": vmid,
        "target_node": node,
        "ostemplate": container.get("template"),
        "pool": container.get("category"),
        **{name: container.get(name) for name in _SAME},
        "start": True,
        "password": None,
        "tags": ";".join(container.get("tags") or ()),
        "startup": ",".join(
            f"{key}={startup[key]}"
            for key in ("order", "up", "down")
            if key == "order" or startup.get(key)
        ),
        "features": [{"mknod": False, "mount": "", **(container.get("features") or {})}],
        "rootfs": [
            {
                **(container.get("rootfs") or {}),
                **({"volume": f"local-zfs:subvol-{vmid}-disk-0"} if is_made else {}),
            }
        ],
        "network": [
            {
                "name": nic.get("name"),
                "bridge": nic.get("bridge"),
                "ip": nic.get("ip"),
                "gw": nic.get("gateway"),
                "firewall": nic.get("firewall"),
                **({"hwaddr": _hwaddr(int(vmid or 0), index), "type": "veth"} if is_made else {}),
            }
            for index, nic in enumerate(container.get("networks") or ())
        ],
        "mountpoint": [
            {
                "key": str(slot),
                "slot": slot,
                "mp": mount.get("path"),
                "storage": mount.get("storage"),
                "size": mount.get("size"),
                "backup": mount.get("backup"),
                **({"volume": f"local-zfs:subvol-{vmid}-disk-{slot + 1}"} if is_made else {}),
            }
            for slot, mount in enumerate(container.get("mount_points") or ())
        ],
    }


def _hwaddr(vmid: int, index: int) -> str:
    return f"BC:24:11:{vmid >> 8 & 255:02X}:{vmid & 255:02X}:{index:02X}"

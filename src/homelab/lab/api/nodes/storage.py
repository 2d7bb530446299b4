"""/storage and /nodes/{node}/storage: storages, their space and their content."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.lab.api.endpoint import Call, Endpoint, each
from homelab.lab.api.guests.status import storage_space
from homelab.lab.api.rights import Privilege, Rows
from homelab.lab.guests.files import stored_files
from homelab.lab.guests.volume_access import may_access_volume
from homelab.lab.node.context import Context
from homelab.lab.node.storages import STORAGES, Storage, storage_named
from homelab.pve.schema import FLAG, LIST, TEXT, VMID

_FORMATS = {".gz": "tgz", ".xz": "txz", ".zst": "tzst", ".bz2": "tbz2"}
_AUDIT = Privilege("/storage/{storage}", "Datastore.Audit", ("Datastore.AllocateSpace",))


def settings(context: Context, call: Call) -> object:
    kind = call.args.text("type")
    return [_settings(storage) for storage in _seen(context, call) if kind in {"", storage.type}]


def one_settings(_context: Context, call: Call) -> object:
    return _settings(_storage(call))


def listing(context: Context, call: Call) -> object:
    wanted = set(call.args.words("content"))
    name = call.args.text("storage")
    return [
        {"storage": storage.name, **_status(context, storage)}
        for storage in _seen(context, call)
        if wanted <= set(storage.content) and name in {"", storage.name}
    ]


def index(_context: Context, call: Call) -> object:
    _storage(call)
    return [{"subdir": name} for name in ("content", "status", "rrddata", "upload", "download-url")]


def status(context: Context, call: Call) -> object:
    return _status(context, _storage(call))


def content(context: Context, call: Call) -> object:
    """What is on a storage and open to the caller (PVE::API2::Storage::Content index)."""
    storage = _storage(call)
    wanted = call.args.text("content")
    return [
        row
        for row in _content(context, storage)
        if str(row["volid"]).startswith(f"{storage.name}:")
        and wanted in {"", row["content"]}
        and ("vmid" not in call.args or row.get("vmid") == call.args.integer("vmid"))
        and may_access_volume(context.access, call.caller, str(row["volid"]))
    ]


def _seen(context: Context, call: Call) -> list[Storage]:
    """The storages that the caller may see (PVE::API2::Storage::Config and Status index)."""
    wanted = ("Datastore.Audit", "Datastore.AllocateSpace")
    allows = context.access.allows
    return [s for s in STORAGES if allows(call.caller, f"/storage/{s.name}", *wanted)]


def _storage(call: Call) -> Storage:
    return storage_named(call.args.text("storage"))


def _settings(storage: Storage) -> dict[str, object]:
    return {
        "storage": storage.name,
        "type": storage.type,
        "content": ",".join(storage.content),
        **storage.settings,
    }


def _status(context: Context, storage: Storage) -> dict[str, object]:
    total, used = storage_space(context, storage)
    return {
        "type": storage.type,
        "content": ",".join(storage.content),
        "active": 1,
        "enabled": 1,
        "shared": 0,
        "total": total,
        "used": used,
        "avail": total - used,
        "used_fraction": used / total if total else 0,
    }


def _content(context: Context, storage: Storage) -> Iterator[dict[str, object]]:
    for template in context.runtime.templates() if "vztmpl" in storage.content else ():
        yield {
            "volid": template.volid,
            "content": "vztmpl",
            "format": _format(template.volid),
            "size": template.size,
            "ctime": int(context.started),
        }
    for file in stored_files(context):
        row: dict[str, object] = {
            "volid": file.volid,
            "content": file.content,
            "format": _format(file.volid),
            "size": file.size,
            "ctime": file.ctime,
        }
        if file.content == "backup":
            row |= {"vmid": file.vmid, "subtype": "lxc", "format": "tar.zst"}
            row["protected"] = int(file.protected)
        if file.notes:
            row["notes"] = file.notes
        yield row
    here = {record.vmid for record in context.guests()}
    for volume in context.state.volumes():
        if volume.vmid in here:
            yield {
                "volid": volume.volid,
                "content": "rootdir",
                "format": "subvol",
                "size": volume.size,
                "used": 0,
                "ctime": volume.ctime,
                "vmid": volume.vmid,
            }


def _format(volid: str) -> str:
    suffix = volid.rpartition(".")[2]
    return "iso" if suffix in {"iso", "img"} else _FORMATS.get(f".{suffix}", "tar")


_S = "/nodes/{node}/storage/{storage}"

ENDPOINTS = (
    Endpoint("GET", "/storage", Rows(_AUDIT), settings, {"type": TEXT}),
    Endpoint(
        "GET",
        "/storage/{storage}",
        Privilege("/storage/{storage}", "Datastore.Allocate"),
        one_settings,
    ),
    Endpoint(
        "GET",
        "/nodes/{node}/storage",
        Rows(_AUDIT),
        listing,
        {"content": LIST, **each(FLAG, "enabled", "format"), **each(TEXT, "storage", "target")},
    ),
    Endpoint("GET", _S, _AUDIT, index),
    Endpoint("GET", f"{_S}/status", _AUDIT, status),
    Endpoint("GET", f"{_S}/content", _AUDIT, content, {"content": TEXT, "vmid": VMID}),
)

"""/nodes/{node}/lxc/{vmid}/snapshot: snapshots of a container."""

from __future__ import annotations

from dataclasses import replace

from homelab.lab.api.endpoint import Call, Endpoint
from homelab.lab.api.rights import Privilege
from homelab.lab.guests import snapshots as guest_snapshots
from homelab.lab.node.context import Context
from homelab.lab.state.snapshots import PARENT, STATE, snapshots
from homelab.pve.guest_options import OPTIONS
from homelab.pve.schema import FLAG, PARAGRAPHS, Parameter

SNAPSHOT_NAME = Parameter(max_length=40, pattern=r"[A-Za-z][A-Za-z0-9_\-]+")
_REQUIRED_NAME = replace(SNAPSHOT_NAME, required=True)
_TAKE = Privilege("/vms/{vmid}", "VM.Snapshot")


def listing(context: Context, call: Call) -> object:
    config = context.guest(call.vmid).config
    rows: list[dict[str, object]] = []
    for snapshot in snapshots(context.state, call.vmid).values():
        row: dict[str, object] = {
            "name": snapshot.name,
            "snaptime": snapshot.snaptime,
            "description": snapshot.description,
        }
        if snapshot.damage is not None:
            row["description"] = f"damaged, it can only be removed: {snapshot.damage}\n"
        if snapshot.state is not None:
            row[STATE] = snapshot.state
        rows.append(row if snapshot.parent is None else {**row, "parent": snapshot.parent})
    current: dict[str, object] = {
        "name": "current",
        "digest": config.digest,
        "running": int(call.vmid in context.running()),
        "description": "You are here!",
    }
    parent = config.options.get(PARENT)
    return [*rows, current if parent is None else {**current, "parent": parent}]


def take(context: Context, call: Call) -> object:
    name, kept = call.args.text("snapname"), _description(call.args.text("description"))
    return guest_snapshots.take(context, call.caller, call.vmid, name, kept)


def index(context: Context, call: Call) -> object:
    guest_snapshots.snapshot_of(context, call.vmid, call.args.text("snapname"))
    return [{"cmd": name} for name in ("rollback", "delete", "config")]


def remove(context: Context, call: Call) -> object:
    name, force = call.args.text("snapname"), call.args.flag("force")
    return guest_snapshots.remove(context, call.caller, call.vmid, name, force=force)


def rollback(context: Context, call: Call) -> object:
    name, start = call.args.text("snapname"), call.args.flag("start")
    return guest_snapshots.go_back(context, call.caller, call.vmid, name, start=start)


def config(context: Context, call: Call) -> object:
    found = guest_snapshots.snapshot_of(context, call.vmid, call.args.text("snapname"))
    values = found.config.to_api()
    del values["digest"]
    return {**values, "snaptime": found.snaptime, "description": found.description}


def update(context: Context, call: Call) -> None:
    args = call.args
    text = _description(args.text("description")) if "description" in args else None
    guest_snapshots.change_description(context, call.vmid, args.text("snapname"), text)


def _description(text: str) -> str:
    check = OPTIONS["description"].check
    return text if check is None else check(text)


_S = "/nodes/{node}/lxc/{vmid}/snapshot"
_N = f"{_S}/{{snapname}}"

ENDPOINTS = (
    Endpoint("GET", _S, Privilege("/vms/{vmid}", "VM.Audit"), listing),
    Endpoint("POST", _S, _TAKE, take, {"snapname": _REQUIRED_NAME, "description": PARAGRAPHS}),
    Endpoint("GET", _N, "user", index),
    Endpoint("DELETE", _N, _TAKE, remove, {"force": FLAG}),
    Endpoint(
        "POST",
        f"{_N}/rollback",
        Privilege("/vms/{vmid}", "VM.Snapshot", ("VM.Snapshot.Rollback",)),
        rollback,
        {"start": FLAG},
    ),
    Endpoint(
        "GET",
        f"{_N}/config",
        Privilege("/vms/{vmid}", "VM.Snapshot", ("VM.Snapshot.Rollback", "VM.Audit")),
        config,
    ),
    Endpoint("PUT", f"{_N}/config", _TAKE, update, {"description": PARAGRAPHS}),
)

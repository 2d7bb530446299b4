"""/nodes/{node}: name servers, hosts, time, notes, logs and statistics."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from datetime import datetime
from ipaddress import ip_address
from zoneinfo import ZoneInfo, available_timezones

from homelab.lab.api.endpoint import Call, Endpoint, Page, each, given
from homelab.lab.api.rights import Privilege
from homelab.lab.failures import invalid, modified
from homelab.lab.node.context import Context
from homelab.lab.state.documents import (
    DamagedError,
    Document,
    document,
    document_to_change,
    put_document,
)
from homelab.pve.formats import without_zone
from homelab.pve.schema import COUNT, FLAG, LINES, LIST, PARAGRAPHS, REQUIRED, TEXT, Parameter

_KIND = "node"
_CONFIG = {
    **each(TEXT, "acme", "wakeonlan", "location", *(f"acmedomain{number}" for number in range(6))),
    "description": Parameter(max_length=65536, controls=LINES),
    "startall-onboot-delay": Parameter(type="integer", minimum=0, maximum=300),
    "ballooning-target": Parameter(type="integer", minimum=0, maximum=100),
}
_AUDIT = Privilege("/nodes/{node}", "Sys.Audit")
_MODIFY = Privilege("/nodes/{node}", "Sys.Modify")
_SYSLOG = Privilege("/nodes/{node}", "Sys.Syslog")
_STEPS = {"hour": 60, "day": 60, "week": 1800, "month": 1800, "year": 21600, "decade": 604800}
_COUNTS = {"hour": 60, "day": 1440, "week": 336, "month": 1440, "year": 1460, "decade": 520}
_OLD_STEPS = {"hour": 60, "day": 1800, "week": 10800, "month": 43200, "year": 604800}
_OLD_COUNT = 70
_LAST = 1 << 40
"""Seconds since the epoch, up to which the times of tasks are shown as they are."""


def dns(context: Context, _call: Call) -> object:
    return {"search": "lab.internal", "dns1": context.address, **_kept(context, "dns")}


def set_dns(context: Context, call: Call) -> None:
    value = {name: call.args.text(name) for name in ("search", "dns1", "dns2", "dns3")}
    _keep(context, "dns", {name: text for name, text in value.items() if text})


def hosts(context: Context, _call: Call) -> object:
    data = str(_kept(context, "hosts").get("data", _default_hosts(context)))
    return {"data": data, "digest": _digest(data)}


def set_hosts(context: Context, call: Call) -> None:
    kept = document_to_change(context.state, _KIND, f"{context.node}/hosts")
    known = str(kept.get("data", _default_hosts(context)))
    if call.args.text("digest") not in {"", _digest(known)}:
        raise modified()
    _keep(context, "hosts", {"data": call.args.text("data")})


def now(context: Context, _call: Call) -> object:
    zone = str(_kept(context, "time").get("timezone", "UTC"))
    if zone not in available_timezones():
        raise DamagedError("the time zone of the node is damaged; setting it again replaces it")
    moment = time.time()
    offset = datetime.fromtimestamp(moment, ZoneInfo(zone)).utcoffset()
    shift = 0 if offset is None else int(offset.total_seconds())
    return {"timezone": zone, "time": int(moment), "localtime": int(moment) + shift}


def set_zone(context: Context, call: Call) -> None:
    zone = call.args.text("timezone")
    if zone not in available_timezones():
        raise invalid("timezone", f"No such timezone '{zone}'")
    _keep(context, "time", {"timezone": zone})


def config(context: Context, call: Call) -> object:
    value = _kept(context, "config")
    shown = {**value, "digest": _digest(str(sorted(value.items())))}
    name = call.args.text("property")
    return {name: shown[name]} if name in shown else ({} if name else shown)


def set_config(context: Context, call: Call) -> None:
    value = document_to_change(context.state, _KIND, f"{context.node}/config")
    value |= given(call.args, _CONFIG)
    for name in call.args.words("delete"):
        value.pop(name, None)
    _keep(context, "config", value)


def syslog(context: Context, call: Call) -> object:
    return Page.of_log(_log_lines(context), call.args)


def journal(context: Context, call: Call) -> object:
    lines = _log_lines(context)
    count = call.args.integer("lastentries")
    return lines[-count:] if count else lines


def statistics(context: Context, call: Call) -> object:
    """The times at which there would be values; this node keeps no history of them."""
    frame = call.args.text("timeframe")
    if context.release.major >= 9:
        step, count = _STEPS[frame], _COUNTS[frame]
    else:
        if frame not in _OLD_STEPS:
            raise invalid(
                "timeframe",
                f"value '{frame}' does not have a value in the enumeration "
                f"'{', '.join(_OLD_STEPS)}'",
            )
        step, count = _OLD_STEPS[frame], _OLD_COUNT
    last = int(time.time()) // step * step
    return [{"time": last - step * number} for number in range(count - 1, -1, -1)]


def guest_statistics(context: Context, call: Call) -> object:
    context.guest(call.vmid)
    return statistics(context, call)


def services(_context: Context, _call: Call) -> object:
    return [
        {
            "service": name,
            "name": name,
            "desc": name,
            "state": "running",
            "active-state": "active",
            "unit-state": "enabled",
        }
        for name in ("pvedaemon", "pveproxy", "pvestatd")
    ]


def _log_lines(context: Context) -> list[str]:
    """What the node's daemon would have logged of its tasks."""
    lines: list[str] = []
    for record in reversed(context.tasks.records()):
        upid = record.name
        if upid is None or upid.node != context.node:
            continue
        who = f"<{upid.user}>" if upid.tokenid is None else f"<{upid.user}!{upid.tokenid}>"
        lines.append(_line(context, record.starttime, f"{who} starting task {record.upid}"))
        if record.endtime is not None:
            text = f"{who} end task {record.upid} {record.exitstatus}"
            lines.append(_line(context, record.endtime, text))
    return lines


def _line(context: Context, moment: int, text: str) -> str:
    stamp = time.strftime("%b %d %H:%M:%S", time.localtime(min(max(moment, 0), _LAST)))
    return f"{stamp} {context.node} pvedaemon[1]: {text}"


def _default_hosts(context: Context) -> str:
    name = context.node
    return f"127.0.0.1 localhost\n{context.address} {name}.lab.internal {name}\n"


def _digest(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _kept(context: Context, name: str) -> Document:
    return document(context.state, _KIND, f"{context.node}/{name}") or {}


def _keep(context: Context, name: str, value: Document) -> None:
    with context.state.transaction() as transaction:
        put_document(transaction, _KIND, f"{context.node}/{name}", value)


def _address(text: str) -> str:
    try:
        ip_address(without_zone(text))
    except ValueError as error:
        raise ValueError("value does not look like a valid IP address") from error
    return text


_N = "/nodes/{node}"
_ADDRESS = Parameter(check=_address)
_MOMENT = Parameter(pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?")
_FRAME = {
    "timeframe": Parameter(required=True, enum=tuple(_STEPS)),
    "cf": Parameter(enum=("AVERAGE", "MAX")),
}
_GUEST_FRAME = {**_FRAME, "timeframe": Parameter(required=True, enum=tuple(_OLD_STEPS))}

ENDPOINTS = (
    Endpoint("GET", f"{_N}/dns", _AUDIT, dns),
    Endpoint(
        "PUT",
        f"{_N}/dns",
        _MODIFY,
        set_dns,
        {**each(_ADDRESS, "dns1", "dns2", "dns3"), "search": REQUIRED},
        stored_only=True,
    ),
    Endpoint("GET", f"{_N}/hosts", Privilege("/", "Sys.Audit"), hosts),
    Endpoint(
        "POST",
        f"{_N}/hosts",
        _MODIFY,
        set_hosts,
        {"data": replace(PARAGRAPHS, required=True), "digest": Parameter(max_length=64)},
        stored_only=True,
    ),
    Endpoint("GET", f"{_N}/time", _AUDIT, now),
    Endpoint("PUT", f"{_N}/time", _MODIFY, set_zone, {"timezone": REQUIRED}, stored_only=True),
    Endpoint("GET", f"{_N}/config", Privilege("/", "Sys.Audit"), config, {"property": TEXT}),
    Endpoint(
        "PUT",
        f"{_N}/config",
        Privilege("/", "Sys.Modify"),
        set_config,
        {**_CONFIG, "delete": LIST, "digest": Parameter(max_length=40)},
        stored_only=True,
    ),
    Endpoint(
        "GET",
        f"{_N}/syslog",
        _SYSLOG,
        syslog,
        {
            **each(COUNT, "limit", "start"),
            **each(_MOMENT, "since", "until"),
            "service": Parameter(max_length=128),
        },
    ),
    Endpoint(
        "GET",
        f"{_N}/journal",
        _SYSLOG,
        journal,
        {
            **each(TEXT, "endcursor", "priority", "startcursor"),
            **each(FLAG, "identifiers", "kernel", "structured", "units"),
            **each(COUNT, "lastentries", "since", "until"),
            "service": Parameter(max_length=128),
            "unit": Parameter(max_length=256),
        },
    ),
    Endpoint("GET", f"{_N}/rrddata", _AUDIT, statistics, _FRAME),
    Endpoint(
        "GET",
        f"{_N}/lxc/{{vmid}}/rrddata",
        Privilege("/vms/{vmid}", "VM.Audit"),
        guest_statistics,
        _GUEST_FRAME,
    ),
    Endpoint(
        "GET",
        f"{_N}/storage/{{storage}}/rrddata",
        Privilege("/storage/{storage}", "Datastore.Audit", ("Datastore.AllocateSpace",)),
        statistics,
        _GUEST_FRAME,
    ),
    Endpoint("GET", f"{_N}/services", _AUDIT, services),
)

"""/cluster: options, the log, and what this cluster has none of."""

from __future__ import annotations

from homelab.lab.api.access.users import EMAIL
from homelab.lab.api.endpoint import EMPTY, Call, Endpoint, each, given, index
from homelab.lab.api.nodes.tasks import is_own
from homelab.lab.api.rights import Privilege, Rows
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.node.context import Context
from homelab.lab.state.documents import document, document_to_change, put_document
from homelab.pve.schema import FLAG, LINES, LIST, TEXT, Parameter

_KIND, _KEY = "cluster", "options"
_TAG = r"[a-zA-Z0-9_][a-zA-Z0-9_\-+.]*"
_OPTIONS = {
    **each(TEXT, "bwlimit", "crs", "ha", "keyboard", "language", "location", "migration"),
    **each(TEXT, "next-id", "notify"),
    "email_from": EMAIL,
    "http_proxy": Parameter(pattern=r"http://.*"),
    "mac_prefix": Parameter(pattern=r"(?i:[a-f0-9][02468ace](?::[a-f0-9]{2}){0,2}:?)"),
    "registered-tags": Parameter(pattern=rf"{_TAG}(?:;{_TAG})*"),
    **each(TEXT, "replication", "tag-style", "u2f", "user-tag-access", "webauthn"),
    "consent-text": Parameter(max_length=65536, controls=LINES),
    "console": Parameter(enum=("applet", "vv", "html5", "xtermjs")),
    "description": Parameter(max_length=65536, controls=LINES),
    "fencing": Parameter(enum=("watchdog", "hardware", "both")),
    "max_workers": Parameter(type="integer", minimum=1),
    "migration_unsecure": FLAG,
}


def options(context: Context, call: Call) -> object:
    """All with the right, else what looks need (PVE::API2::Cluster get_options)."""
    kept = document(context.state, _KIND, _KEY) or {}
    if not context.access.allows(call.caller, "/", "Sys.Audit"):
        kept = {name: kept[name] for name in ("console", "tag-style") if name in kept}
    return {"allowed-tags": [], "keyboard": "en-us", **kept}


def set_options(context: Context, call: Call) -> None:
    value = document_to_change(context.state, _KIND, _KEY) | given(call.args, _OPTIONS)
    for name in call.args.words("delete"):
        if name not in _OPTIONS:
            raise invalid("delete", f"unknown option '{name}'")
        value.pop(name, None)
    with context.state.transaction() as transaction:
        put_document(transaction, _KIND, _KEY, value)


def log(context: Context, call: Call) -> object:
    """One's own entries, or all with the right (PVE::API2::Cluster log)."""
    everything = context.access.allows(call.caller, "/", "Sys.Syslog")
    rows: list[dict[str, object]] = []
    for number, record in enumerate(context.tasks.records(), start=1):
        upid = record.name
        if upid is None or not (everything or is_own(call.caller, record)):
            continue
        rows.append(
            {
                "uid": number,
                "id": f"{number}:{upid.node}",
                "time": record.starttime,
                "msg": f"starting task {record.upid}",
                "node": upid.node,
                "pid": upid.pid,
                "pri": 6,
                "tag": "pvedaemon",
                "user": upid.user,
            }
        )
    return rows[: call.args.integer("max", 50)]


def no_replication(_context: Context, call: Call) -> object:
    raise ApiFailureError(f"no such replication job '{call.args.text('id')}'")


def ha_groups(context: Context, _call: Call) -> object:
    if context.release.major >= 9:
        raise ApiFailureError("cannot index groups: ha groups have been migrated to rules")
    return []


def ha_rules(context: Context, _call: Call) -> object:
    if context.release.major < 9:
        raise ApiFailureError("Method 'GET /cluster/ha/rules' not implemented", status=501)
    return []


def ha_status(context: Context, _call: Call) -> object:
    return [{"id": "quorum", "type": "quorum", "node": context.home, "status": "OK", "quorate": 1}]


_AUDIT = Privilege("/", "Sys.Audit")
_INDEX = index(
    *("name", "backup", "backup-info", "firewall", "ha", "log", "nextid", "options"),
    *("replication", "resources", "status", "tasks"),
)

ENDPOINTS = (
    Endpoint("GET", "/cluster", "user", _INDEX),
    Endpoint("GET", "/cluster/options", Rows(_AUDIT), options),
    Endpoint(
        "PUT",
        "/cluster/options",
        Privilege("/", "Sys.Modify"),
        set_options,
        {**_OPTIONS, "delete": LIST},
        stored_only=True,
    ),
    Endpoint(
        "GET",
        "/cluster/log",
        Rows(Privilege("/", "Sys.Syslog")),
        log,
        {"max": Parameter(type="integer", minimum=1)},
    ),
    Endpoint("GET", "/cluster/replication", "user", EMPTY),
    Endpoint("GET", "/cluster/replication/{id}", "user", no_replication),
    Endpoint("GET", "/cluster/ha/groups", _AUDIT, ha_groups),
    Endpoint(
        "GET",
        "/cluster/ha/rules",
        _AUDIT,
        ha_rules,
        {"resource": TEXT, "type": Parameter(enum=("node-affinity", "resource-affinity"))},
    ),
    Endpoint("GET", "/cluster/ha/status/current", _AUDIT, ha_status),
)

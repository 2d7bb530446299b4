"""/firewall of the cluster, of nodes and of guests: stored, shown, and not enforced here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from homelab.lab.api.endpoint import Call, Endpoint, Handler, Method
from homelab.lab.api.firewall.handlers import Aliases, Level, Options, Rules, Sets
from homelab.lab.api.firewall.parameters import (
    ALIAS,
    CIDR,
    CLUSTER_OPTIONS,
    COMMENT,
    DIGEST,
    GROUP,
    GUEST_OPTIONS,
    LOG_PAGE,
    NODE_OPTIONS,
    RULE,
)
from homelab.lab.api.rights import Privilege
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.node.context import Context
from homelab.lab.state import firewall
from homelab.lab.state.firewall import Firewall
from homelab.pve.schema import FLAG, LIST, Parameter


def _guest(context: Context, call: Call) -> str:
    return firewall.guest_scope(context.guest(call.vmid).vmid)


_LEVELS = (
    Level(
        path="/cluster/firewall",
        read=Privilege("/", "Sys.Audit"),
        write=Privilege("/", "Sys.Modify"),
        scope=lambda _context, _call: firewall.CLUSTER,
        options=CLUSTER_OPTIONS,
    ),
    Level(
        path="/nodes/{node}/firewall",
        read=Privilege("/nodes/{node}", "Sys.Audit"),
        write=Privilege("/nodes/{node}", "Sys.Modify"),
        scope=lambda context, _call: firewall.node_scope(context.node),
        options=NODE_OPTIONS,
        log=Privilege("/nodes/{node}", "Sys.Syslog"),
    ),
    Level(
        path="/nodes/{node}/lxc/{vmid}/firewall",
        read=Privilege("/vms/{vmid}", "VM.Audit"),
        write=Privilege("/vms/{vmid}", "VM.Config.Network"),
        scope=_guest,
        options=GUEST_OPTIONS,
        log=Privilege("/vms/{vmid}", "VM.Console"),
    ),
)


def _group(context: Context, call: Call) -> str:
    name = call.args.text("group")
    if name not in firewall.groups(context.state):
        raise ApiFailureError(f"no such security group '{name}'")
    return firewall.group_scope(name)


_GROUPS = Level(
    path="/cluster/firewall/groups/{group}",
    read=Privilege("/", "Sys.Audit"),
    write=Privilege("/", "Sys.Modify"),
    scope=_group,
    options={},
)


def groups(context: Context, _call: Call) -> object:
    return [
        {
            "group": name,
            "digest": firewall.digest_of(found.rules),
            **({"comment": found.comment} if found.comment else {}),
        }
        for name, found in firewall.groups(context.state).items()
    ]


def create_group(context: Context, call: Call) -> None:
    args = call.args
    name, renamed = args.text("group"), args.text("rename")
    known = firewall.groups(context.state)
    if renamed and renamed not in known:
        raise invalid("rename", f"Security group '{renamed}' does not exist")
    if name in known and name != renamed:
        raise invalid("group", f"Security group '{name}' already exists")
    found = known[renamed] if renamed else Firewall()
    found.comment = args.text("comment", found.comment)
    with context.state.transaction() as transaction:
        if renamed:
            firewall.remove(transaction, firewall.group_scope(renamed))
        firewall.write(transaction, firewall.group_scope(name), found)


def remove_group(context: Context, call: Call) -> None:
    scope = _group(context, call)
    if firewall.read_to_change(context.state, scope).rules:
        raise ApiFailureError(f"Security group '{call.args.text('group')}' is not empty")
    with context.state.transaction() as transaction:
        firewall.remove(transaction, scope)


def macros(_context: Context, _call: Call) -> object:
    names = ("DNS", "HTTP", "HTTPS", "NTP", "Ping", "SSH", "Web")
    return [{"macro": name, "descr": f"{name} traffic"} for name in names]


def _endpoint(
    method: Method,
    path: str,
    permission: Privilege,
    handler: Handler,
    parameters: Mapping[str, Parameter] | None = None,
) -> Endpoint:
    return Endpoint(
        method, path, permission, handler, parameters or {}, stored_only=method != "GET"
    )


def _optional(parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
    return {name: replace(parameter, required=False) for name, parameter in parameters.items()}


def _rule_rows(level: Level, path: str) -> list[Endpoint]:
    rules = Rules(level)
    one = f"{path}/{{pos}}"
    change = {**_optional(RULE), "delete": LIST, "moveto": RULE["pos"]}
    del change["pos"]
    return [
        _endpoint("GET", path, level.read, rules.listing),
        _endpoint("POST", path, level.write, rules.create, RULE),
        _endpoint("GET", one, level.read, rules.show),
        _endpoint("PUT", one, level.write, rules.update, change),
        _endpoint("DELETE", one, level.write, rules.remove, {"digest": DIGEST}),
    ]


def _name_rows(level: Level) -> list[Endpoint]:
    aliases, sets = Aliases(level), Sets(level)
    alias, one = f"{level.path}/aliases", f"{level.path}/aliases/{{name}}"
    ipset, named = f"{level.path}/ipset", f"{level.path}/ipset/{{name}}"
    entry = f"{named}/{{cidr*}}"
    optional_name = _optional({"rename": ALIAS})
    about = {"comment": COMMENT, "digest": DIGEST}
    return [
        _endpoint("GET", alias, level.read, aliases.listing),
        _endpoint(
            "POST",
            alias,
            level.write,
            aliases.create,
            {"name": ALIAS, "cidr": CIDR, "comment": COMMENT},
        ),
        _endpoint("GET", one, level.read, aliases.show),
        _endpoint(
            "PUT", one, level.write, aliases.update, {"cidr": CIDR, **about, **optional_name}
        ),
        _endpoint("DELETE", one, level.write, aliases.remove, {"digest": DIGEST}),
        _endpoint("GET", ipset, level.read, sets.listing),
        _endpoint(
            "POST", ipset, level.write, sets.create, {"name": ALIAS, **about, **optional_name}
        ),
        _endpoint("GET", named, level.read, sets.entries),
        _endpoint(
            "POST",
            named,
            level.write,
            sets.add,
            {"cidr": CIDR, "comment": COMMENT, "nomatch": FLAG},
        ),
        _endpoint("DELETE", named, level.write, sets.remove, {"force": FLAG}),
        _endpoint("GET", entry, level.read, sets.entry),
        _endpoint("PUT", entry, level.write, sets.change, {**about, "nomatch": FLAG}),
        _endpoint("DELETE", entry, level.write, sets.drop, {"digest": DIGEST}),
    ]


def _option_rows(level: Level) -> list[Endpoint]:
    options = Options(level)
    change = {**level.options, "delete": LIST, "digest": DIGEST}
    return [
        Endpoint("GET", level.path, "user", options.index),
        _endpoint("GET", f"{level.path}/options", level.read, options.show),
        _endpoint("PUT", f"{level.path}/options", level.write, options.update, change),
    ]


def _rows() -> list[Endpoint]:
    rows: list[Endpoint] = []
    for level in _LEVELS:
        rows += _option_rows(level)
        rows += _rule_rows(level, f"{level.path}/rules")
        options = Options(level)
        if level.log is not None:
            rows.append(_endpoint("GET", f"{level.path}/log", level.log, options.log, LOG_PAGE))
        if level.path != "/nodes/{node}/firewall":
            rows += _name_rows(level)
            kind = {"type": Parameter(enum=("alias", "ipset"))}
            rows.append(
                _endpoint("GET", f"{level.path}/refs", level.read, options.references, kind)
            )
    return rows


ENDPOINTS = (
    *_rows(),
    Endpoint("GET", "/cluster/firewall/groups", "user", groups),
    _endpoint(
        "POST",
        "/cluster/firewall/groups",
        _GROUPS.write,
        create_group,
        {"group": GROUP, "comment": COMMENT, "digest": DIGEST, **_optional({"rename": GROUP})},
    ),
    *_rule_rows(_GROUPS, _GROUPS.path),
    _endpoint("DELETE", _GROUPS.path, _GROUPS.write, remove_group),
    Endpoint("GET", "/cluster/firewall/macros", "user", macros),
)

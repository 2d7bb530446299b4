"""/access/groups, roles and acl: who may do what."""

from __future__ import annotations

from dataclasses import replace

from homelab.lab.access.delegation import (
    check_handed_out,
    is_known_path,
    may_modify,
    normal_path,
    require_modify,
)
from homelab.lab.api.endpoint import Call, Endpoint
from homelab.lab.api.names import GROUPID, ROLEID
from homelab.lab.api.rights import AnyOf, Inside, Modify, Privilege, Rows
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.node.context import Context
from homelab.lab.state import accounts
from homelab.lab.state.accounts import Group, Role, Rule
from homelab.pve.schema import FLAG, LIST, PARAGRAPHS, REQUIRED, Parameter

_ALLOCATE = Privilege("/access/groups", "Group.Allocate")
_MODIFY = Privilege("/access", "Sys.Modify")


def groups(context: Context, call: Call) -> object:
    access = context.access
    return [
        {"groupid": name, "users": ",".join(_members(context, name)), **_comment(group)}
        for name, group in access.accounts.groups.items()
        if access.allows(
            call.caller, f"/access/groups/{name}", "User.Modify", "Sys.Audit", "Group.Allocate"
        )
    ]


def group(context: Context, call: Call) -> object:
    name, found = _group(context, call)
    return {"members": _members(context, name), **_comment(found)}


def create_group(context: Context, call: Call) -> None:
    name = call.args.text("groupid")
    if name in context.access.accounts.groups:
        raise ApiFailureError(f"create group failed: group '{name}' already exists")
    context.access.put(name, Group(comment=call.args.text("comment")))


def update_group(context: Context, call: Call) -> None:
    name, found = _group(context, call)
    context.access.put(name, replace(found, comment=call.args.text("comment", found.comment)))


def remove_group(context: Context, call: Call) -> None:
    name, _found = _group(context, call)
    known = context.access.accounts
    with context.access.change() as transaction:
        accounts.remove(transaction, name, Group)
        for userid, user in known.users.items():
            if name in user.groups:
                left = tuple(other for other in user.groups if other != name)
                accounts.put(transaction, userid, replace(user, groups=left))
        for rule in known.rules:
            if (rule.kind, rule.ugid) == ("group", name):
                accounts.remove(transaction, rule.key, Rule)


def roles(context: Context, _call: Call) -> object:
    access = context.access
    builtin = [
        {"roleid": role, "special": 1, "privs": ",".join(names)}
        for role, names in access.builtin_roles.items()
    ]
    made = [
        {"roleid": role, "special": 0, "privs": ",".join(found.privs)}
        for role, found in access.accounts.roles.items()
    ]
    return builtin + made


def role(context: Context, call: Call) -> object:
    name = call.args.text("roleid")
    found = context.access.role(name)
    if found is None:
        raise ApiFailureError(f"role '{name}' does not exist")
    return dict.fromkeys(found, 1)


def create_role(context: Context, call: Call) -> None:
    name = call.args.text("roleid")
    if name.lower().startswith("pve"):
        raise invalid("roleid", "cannot use role ID starting with the (case-insensitive) 'PVE'")
    if context.access.role(name) is not None:
        raise ApiFailureError(f"create role failed: role '{name}' already exists")
    context.access.put(name, Role(privs=_privileges(context, call)))


def update_role(context: Context, call: Call) -> None:
    name, found = _made_role(context, call, "modified")
    wanted = _privileges(context, call)
    if call.args.flag("append"):
        wanted = tuple(sorted({*found.privs, *wanted}))
    context.access.put(name, Role(privs=wanted))


def remove_role(context: Context, call: Call) -> None:
    name, _found = _made_role(context, call, "deleted")
    known = context.access.accounts
    with context.access.change() as transaction:
        accounts.remove(transaction, name, Role)
        for rule in known.rules:
            if rule.role == name:
                accounts.remove(transaction, rule.key, Rule)


def acl(context: Context, call: Call) -> object:
    """The rules, of all paths for who may audit /access (PVE::API2::ACL read_acl)."""
    access = context.access
    audits = access.allows(call.caller, "/access", "Sys.Audit")
    return [
        {
            "path": rule.path,
            "type": rule.kind,
            "ugid": rule.ugid,
            "roleid": rule.role,
            "propagate": int(rule.propagate),
        }
        for rule in access.accounts.rules
        if audits or may_modify(access, call.caller, rule.path)
    ]


def update_acl(context: Context, call: Call) -> None:
    """Add or remove rules, within what the caller may hand out (PVE::API2::ACL update_acl)."""
    args = call.args
    path = normal_path(args.text("path"))
    removes, propagate = args.flag("delete"), args.flag("propagate", default=True)
    if path is None or not (removes or is_known_path(path)):
        raise invalid("path", f"invalid ACL path '{args.text('path')}'")
    require_modify(context.access, call.caller, path)
    who = {kind: args.words(f"{kind}s") for kind in ("user", "group", "token")}
    if not any(who.values()):
        raise invalid("users", "either 'users', 'groups' or 'tokens' is required")
    for kind, names in who.items():
        for name in names:
            _check_known(context, kind, name)
    for name in args.words("roles"):
        if context.access.role(name) is None:
            raise ApiFailureError(f"ACL update failed: role '{name}' does not exist")
        check_handed_out(
            context.access, call.caller, path, name, propagate=propagate, removes=removes
        )
    with context.access.change() as transaction:
        for kind, names in who.items():
            for ugid in names:
                for name in args.words("roles"):
                    rule = Rule(path=path, kind=kind, ugid=ugid, role=name, propagate=propagate)
                    if removes:
                        accounts.remove(transaction, rule.key, Rule)
                    else:
                        accounts.put(transaction, rule.key, rule)


def _check_known(context: Context, kind: str, name: str) -> None:
    access = context.access
    if kind == "user" and access.user(name) is None:
        raise ApiFailureError(f"ACL update failed: user '{name}' does not exist")
    if kind == "group" and name not in access.accounts.groups:
        raise ApiFailureError(f"ACL update failed: group '{name}' does not exist")
    if kind == "token":
        userid, _, tokenid = name.partition("!")
        if access.token(userid, tokenid) is None:
            raise ApiFailureError(
                f"ACL update failed: no such token '{tokenid}' for user '{userid}'"
            )


def _group(context: Context, call: Call) -> tuple[str, Group]:
    name = call.args.text("groupid")
    found = context.access.accounts.groups.get(name)
    if found is None:
        raise ApiFailureError(f"group '{name}' does not exist")
    return name, found


def _made_role(context: Context, call: Call, done: str) -> tuple[str, Role]:
    name = call.args.text("roleid")
    if name in context.access.builtin_roles:
        raise ApiFailureError(f"auto-generated role '{name}' cannot be {done}")
    found = context.access.accounts.roles.get(name)
    if found is None:
        raise ApiFailureError(f"role '{name}' does not exist")
    return name, found


def _privileges(context: Context, call: Call) -> tuple[str, ...]:
    wanted = call.args.words("privs")
    for name in wanted:
        if name not in context.access.known:
            raise ApiFailureError(f"invalid privilege '{name}'")
    return tuple(sorted(set(wanted)))


def _members(context: Context, name: str) -> list[str]:
    users = context.access.users().items()
    return sorted(userid for userid, user in users if name in user.groups)


def _comment(group: Group) -> dict[str, object]:
    return {"comment": group.comment} if group.comment else {}


_SEEN = Privilege("/access/groups/{groupid}", "User.Modify", ("Sys.Audit", "Group.Allocate"))
_G, _R = "/access/groups/{groupid}", "/access/roles/{roleid}"

ENDPOINTS = (
    Endpoint("GET", "/access/groups", Rows(_SEEN), groups),
    Endpoint(
        "POST",
        "/access/groups",
        _ALLOCATE,
        create_group,
        {"groupid": GROUPID, "comment": PARAGRAPHS},
    ),
    Endpoint("GET", _G, Privilege("/access/groups", "Sys.Audit", ("Group.Allocate",)), group),
    Endpoint("PUT", _G, _ALLOCATE, update_group, {"comment": PARAGRAPHS}),
    Endpoint("DELETE", _G, _ALLOCATE, remove_group),
    Endpoint("GET", "/access/roles", "user", roles),
    Endpoint("POST", "/access/roles", _MODIFY, create_role, {"roleid": ROLEID, "privs": LIST}),
    Endpoint("GET", _R, "user", role),
    Endpoint("PUT", _R, _MODIFY, update_role, {"append": FLAG, "privs": LIST}),
    Endpoint("DELETE", _R, _MODIFY, remove_role),
    Endpoint(
        "GET",
        "/access/acl",
        Rows(AnyOf((Privilege("/access", "Sys.Audit"), Modify("{path}")))),
        acl,
    ),
    Endpoint(
        "PUT",
        "/access/acl",
        Inside(Modify("{path}")),
        update_acl,
        {
            "delete": FLAG,
            "groups": LIST,
            "path": REQUIRED,
            "propagate": FLAG,
            "roles": Parameter(required=True, is_list=True),
            "tokens": LIST,
            "users": LIST,
        },
    ),
)

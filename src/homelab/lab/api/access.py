"""/access and /version: who is there, and what they may do."""

from __future__ import annotations

from homelab.lab.api.endpoint import Call, Endpoint
from homelab.lab.auth import TOKEN_NAME, AuthenticationError
from homelab.lab.context import RELEASE, VERSION, Context
from homelab.pve.privileges import ROLES
from homelab.pve.schema import FLAG, REQUIRED, TEXT, WHOLE

_CAPABILITIES = {
    "access": ("User.", "Group.", "Permissions.", "Realm."),
    "dc": ("Sys.", "SDN."),
    "mapping": ("Mapping.", "Permissions."),
    "nodes": ("Sys.", "Permissions."),
    "sdn": ("SDN.", "Permissions."),
    "storage": ("Datastore.", "Permissions."),
    "vms": ("VM.", "Permissions."),
}


def version(_context: Context, _call: Call) -> object:
    return {"version": VERSION, "release": RELEASE, "repoid": "7c48f1c0a9f5c1f5"}


def log_in(context: Context, call: Call) -> object:
    username = call.args.text("username")
    if "@" not in username:
        username = f"{username}@{call.args.text('realm', 'pam')}"
    ticket, csrf = context.authenticator.login(username, call.args.text("password"))
    held = context.access.privileges(username, "/")
    return {
        "username": username,
        "ticket": ticket,
        "CSRFPreventionToken": csrf,
        "cap": {
            group: {name: 1 for name in held if name.startswith(prefixes)}
            for group, prefixes in _CAPABILITIES.items()
        },
    }


def ticket_form(_context: Context, _call: Call) -> object:
    return None


def users(context: Context, call: Call) -> object:
    if not call.args.flag("enabled", default=True):
        return []
    full = call.args.flag("full")
    return [_user(userid, full=full) for userid in context.access.users()]


def user(context: Context, call: Call) -> object:
    userid = call.args.text("userid")
    if userid not in context.access.users():
        raise AuthenticationError(f"no such user ('{userid}')")
    return {"enable": 1, "expire": 0, "groups": [], "tokens": {TOKEN_NAME: _token()}}


def tokens(context: Context, call: Call) -> object:
    user(context, call)
    return [{"tokenid": TOKEN_NAME, **_token()}]


def permissions(context: Context, call: Call) -> object:
    userid = call.args.text("userid", str(call.caller))
    if userid != str(call.caller):
        context.access.require(call.caller, "/access", "Sys.Audit")
    path = call.args.text("path", "/")
    held = context.access.privileges(userid.partition("!")[0], path)
    return {path: dict.fromkeys(held, 1)}


def roles(_context: Context, _call: Call) -> object:
    return [
        {"roleid": role, "special": 1, "privs": ",".join(names)} for role, names in ROLES.items()
    ]


def acl(_context: Context, _call: Call) -> object:
    return []


def domains(_context: Context, _call: Call) -> object:
    return [{"realm": "pam", "type": "pam", "comment": "Linux PAM standard authentication"}]


def _user(userid: str, *, full: bool) -> dict[str, object]:
    found: dict[str, object] = {"userid": userid, "enable": 1, "expire": 0}
    if full:
        found["groups"] = ""
        found["realm-type"] = "pam"
        found["tokens"] = [{"tokenid": TOKEN_NAME, **_token()}]
    return found


def _token() -> dict[str, object]:
    return {"expire": 0, "privsep": 0}


ENDPOINTS = (
    Endpoint(method="GET", path="/version", permission="user", handler=version),
    Endpoint(method="GET", path="/access/ticket", permission="world", handler=ticket_form),
    Endpoint(
        method="POST",
        path="/access/ticket",
        permission="world",
        handler=log_in,
        tickets_only=True,
        parameters={
            "username": REQUIRED,
            "password": REQUIRED,
            "realm": TEXT,
            "otp": TEXT,
            "path": TEXT,
            "privs": TEXT,
            "new-format": FLAG,
            "tfa-challenge": TEXT,
        },
    ),
    Endpoint(
        method="GET",
        path="/access/users",
        permission="user",
        handler=users,
        parameters={"enabled": FLAG, "full": FLAG},
    ),
    Endpoint(method="GET", path="/access/users/{userid}", permission="user", handler=user),
    Endpoint(method="GET", path="/access/users/{userid}/token", permission="user", handler=tokens),
    Endpoint(
        method="GET",
        path="/access/permissions",
        permission="user",
        handler=permissions,
        parameters={"userid": TEXT, "path": TEXT},
    ),
    Endpoint(method="GET", path="/access/roles", permission="user", handler=roles),
    Endpoint(
        method="GET",
        path="/access/acl",
        permission="user",
        handler=acl,
        parameters={"exact": WHOLE},
    ),
    Endpoint(method="GET", path="/access/domains", permission="world", handler=domains),
)

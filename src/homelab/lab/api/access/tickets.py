"""/access and /version: who is there, and what they may do."""

from __future__ import annotations

from dataclasses import replace

from homelab.lab.access.delegation import normal_path
from homelab.lab.access.tickets import ROOT, AuthenticationError
from homelab.lab.api.endpoint import Call, Endpoint, index
from homelab.lab.api.names import USERID
from homelab.lab.api.rights import AllOf, AnyOf, Inside, OnUser, Privilege, ThatUser
from homelab.lab.failures import ApiFailureError, forbidden, invalid
from homelab.lab.node.context import Context
from homelab.lab.state.accounts import hashed_password
from homelab.pve.schema import FLAG, TEXT, Parameter

_CAP_GROUPS = {
    "access": ("User.", "Group.", "Permissions.", "Realm."),
    "dc": ("Sys.", "SDN."),
    "mapping": ("Mapping.", "Permissions."),
    "nodes": ("Sys.", "Permissions."),
    "sdn": ("SDN.", "Permissions."),
    "storage": ("Datastore.", "Permissions."),
    "vms": ("VM.", "Permissions."),
}


def version(context: Context, _call: Call) -> object:
    release = context.release
    return {"version": release.version, "release": release.release, "repoid": release.repoid}


def log_in(context: Context, call: Call) -> object:
    username = call.args.text("username")
    if "@" not in username:
        username = f"{username}@{call.args.text('realm', 'pam')}"
    ticket, csrf = context.authenticator.login(username, call.args.text("password"), peer=call.peer)
    held = context.access.privileges(username, "/")
    cap = {
        group: {name: 1 for name in held if name.startswith(prefixes)}
        for group, prefixes in _CAP_GROUPS.items()
    }
    if "path" in call.args and "privs" in call.args:
        _check_privileges(context, username, call)
        return {"username": username, "cap": cap}
    return {"username": username, "ticket": ticket, "CSRFPreventionToken": csrf, "cap": cap}


def _check_privileges(context: Context, username: str, call: Call) -> None:
    """Whether a user has them all at the path: it is asked instead of a ticket (verify_auth)."""
    path, wanted = normal_path(call.args.text("path")), call.args.words("privs")
    if path is None or not wanted or set(wanted) - context.access.privileges(username, path).keys():
        raise AuthenticationError("authentication failure")


def ticket_form(_context: Context, _call: Call) -> object:
    return None


def permissions(context: Context, call: Call) -> object:
    """One's own, or those of one's token; of others with the right (PVE::API2::AccessControl)."""
    access = context.access
    userid = call.args.text("userid", str(call.caller))
    owner, separator, _tokenid = userid.partition("!")
    if userid != str(call.caller) and not (separator and owner == str(call.caller)):
        access.require(call.caller, "/access", "Sys.Audit")
    paths = access.paths()
    if "path" in call.args:
        path = normal_path(call.args.text("path"))
        if path is None:
            raise invalid("path", f"invalid ACL path '{call.args.text('path')}'")
        paths = (path,)
    found = {path: access.privileges(userid, path) for path in paths}
    return {
        path: {name: int(propagates) for name, propagates in held.items()}
        for path, held in found.items()
        if held or "path" in call.args
    }


def password(context: Context, call: Call) -> None:
    """Change a password; who is not root says its own once more (PVE::API2::AccessControl).

    A user of the realm pam is one of the system's, whose password only root and it itself change.
    """
    args, caller = call.args, call.caller
    userid = args.text("userid")
    user = context.access.user(userid)
    if caller.user != ROOT:
        if "confirmation-password" not in args:
            raise invalid("confirmation-password", "password is required to modify user")
        if not context.access.password_matches(caller.user, args.text("confirmation-password")):
            raise AuthenticationError("authentication failure")
        if userid != caller.user and userid.endswith("@pam"):
            raise forbidden("only root@pam may change the password of a system user")
    if user is None:
        raise ApiFailureError(f"no such user ('{userid}')")
    kept = hashed_password(call.args.text("password"))
    context.access.put(userid, replace(user, secret=kept))


def domains(_context: Context, _call: Call) -> object:
    return [
        {"realm": "pam", "type": "pam", "comment": "Linux PAM standard authentication"},
        {"realm": "pve", "type": "pve", "comment": "Proxmox VE authentication server"},
    ]


def domain(_context: Context, call: Call) -> object:
    realm = call.args.text("realm")
    if realm not in {"pam", "pve"}:
        raise ApiFailureError(f"domain '{realm}' does not exist")
    return {"type": realm, "default": int(realm == "pam"), "digest": "0" * 40}


_ALLOCATE = Privilege("/access/realm/{realm}", "Realm.AllocateUser")

ENDPOINTS = (
    Endpoint("GET", "/version", "user", version, quick=True),
    Endpoint("GET", "/access/ticket", "world", ticket_form),
    Endpoint(
        "POST",
        "/access/ticket",
        "world",
        log_in,
        {
            "username": Parameter(required=True, max_length=64),
            "password": Parameter(required=True, controls=None),
            "realm": Parameter(max_length=32),
            "otp": TEXT,
            "path": Parameter(max_length=64),
            "privs": Parameter(max_length=64),
            "new-format": FLAG,
            "tfa-challenge": TEXT,
        },
        tickets_only=True,
    ),
    Endpoint(
        "GET",
        "/access/permissions",
        Inside(AnyOf((ThatUser(), Privilege("/access", "Sys.Audit")))),
        permissions,
        {"userid": TEXT, "path": TEXT},
    ),
    Endpoint(
        "PUT",
        "/access/password",
        AnyOf((ThatUser(), AllOf((_ALLOCATE, OnUser(("User.Modify",)))))),
        password,
        {
            "userid": USERID,
            "password": Parameter(required=True, min_length=8, max_length=64, controls=None),
            "confirmation-password": Parameter(min_length=5, max_length=64, controls=None),
        },
        tickets_only=True,
    ),
    Endpoint(
        "GET",
        "/access",
        "user",
        index(
            *("subdir", "acl", "domains", "groups", "password", "permissions", "roles", "ticket"),
            "users",
        ),
    ),
    Endpoint("GET", "/access/domains", "world", domains),
    Endpoint(
        "GET",
        "/access/domains/{realm}",
        Privilege("/access/realm", "Realm.Allocate", ("Sys.Audit",)),
        domain,
    ),
)

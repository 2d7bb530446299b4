"""/access and /version: who is there, and what they may do."""

from __future__ import annotations

from dataclasses import replace

from homelab.lab.access.tickets import ROOT
from homelab.lab.api.endpoint import Call, Endpoint, Privilege, index
from homelab.lab.failures import ApiFailureError
from homelab.lab.node.context import Context
from homelab.lab.state.accounts import hashed_password
from homelab.pve.schema import FLAG, TEXT, Parameter

USERID = Parameter(required=True, max_length=64, pattern=r"[^\s:/@]+@[A-Za-z][A-Za-z0-9.\-_]+")
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
    ticket, csrf = context.authenticator.login(username, call.args.text("password"))
    held = context.access.privileges(username, "/")
    return {
        "username": username,
        "ticket": ticket,
        "CSRFPreventionToken": csrf,
        "cap": {
            group: {name: 1 for name in held if name.startswith(prefixes)}
            for group, prefixes in _CAP_GROUPS.items()
        },
    }


def ticket_form(_context: Context, _call: Call) -> object:
    return None


def permissions(context: Context, call: Call) -> object:
    access = context.access
    userid = call.args.text("userid", str(call.caller))
    if userid != str(call.caller):
        access.require(call.caller, "/access", "Sys.Audit")
    paths = (call.args.text("path"),) if "path" in call.args else access.paths()
    found = {path: access.privileges(userid, path) for path in paths}
    return {
        path: {name: int(propagates) for name, propagates in held.items()}
        for path, held in found.items()
        if held or "path" in call.args
    }


def password(context: Context, call: Call) -> None:
    userid = call.args.text("userid")
    user = context.access.user(userid)
    if userid != call.caller.user:
        if userid == ROOT:
            raise ApiFailureError("Permission check failed", status=403)
        context.access.require_any(
            call.caller, ("/access/groups", "User.Modify"), ("/access", "Realm.AllocateUser")
        )
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
    Endpoint("GET", "/access/permissions", "user", permissions, {"userid": TEXT, "path": TEXT}),
    Endpoint(
        "PUT",
        "/access/password",
        "user",
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

"""Who may hand out rights and handle users: what PVE asks beyond a privilege at a path."""

from __future__ import annotations

import re
from collections.abc import Sequence

from homelab.lab.access.acl import NO_ACCESS, Access
from homelab.lab.access.tickets import ROOT, Caller
from homelab.lab.failures import forbidden, invalid

MODIFY = "Permissions.Modify"
ALLOCATES = {"storage": "Datastore.Allocate", "vms": "VM.Allocate", "pool": "Pool.Allocate"}
"""Of these parts of the tree, the privilege that is as good below them as `MODIFY`."""
_GROUPS = "/access/groups"
_NAME = r"[A-Za-z0-9.\-_]+"
_WORD = r"[A-Za-z0-9\-_]+"
_NORMAL = re.compile(r"[A-Za-z0-9.\-_/]+")
_KNOWN = re.compile(
    rf"/|/access(?:/(?:groups|realm)(?:/{_NAME})?)?|/(?:nodes|storage)(?:/{_NAME})?"
    rf"|/pool(?:/{_NAME}){{0,3}}|/vms(?:/[1-9][0-9]{{2,}})?|/mapping(?:/{_NAME}){{0,2}}"
    rf"|/sdn(?:/(?:controllers|dns|fabrics|ipams|prefix-lists|route-maps)(?:/{_WORD})?)?"
    rf"|/sdn/zones(?:/{_NAME}){{0,2}}|/sdn/zones/{_NAME}/{_NAME}/[1-9][0-9]{{0,3}}"
)


def normal_path(text: str) -> str | None:
    """A path without empty segments; None for what is none (PVE::AccessControl normalize_path)."""
    path = "/" + "/".join(part for part in text.split("/") if part)
    return path if text and _NORMAL.fullmatch(path) else None


def is_known_path(path: str) -> bool:
    """Whether a rule may stand there (PVE::AccessControl check_path)."""
    return _KNOWN.fullmatch(path) is not None


def may_modify(access: Access, caller: Caller, path: str) -> bool:
    """Whether a caller may hand out rights at a path (PVE::RPCEnvironment check_perm_modify)."""
    return access.allows(caller, path, *_modifying(path))


def require_modify(access: Access, caller: Caller, path: str) -> None:
    """Refuse a caller who may not hand out rights at a path.

    Raises:
        ApiFailureError: 403.
    """
    access.require(caller, path, any_of=_modifying(path))


def _modifying(path: str) -> tuple[str, ...]:
    _root, part, *below = path.split("/")
    return (MODIFY, ALLOCATES[part]) if below and part in ALLOCATES else (MODIFY,)


def check_handed_out(
    access: Access, caller: Caller, path: str, role: str, *, propagate: bool, removes: bool
) -> None:
    """Refuse to hand out, or take away, more than the caller holds there (PVE::API2::ACL update_acl).

    Raises:
        ApiFailureError: 400 with PVE's text.
    """
    held = access.privileges(caller, path)
    if MODIFY in held:
        return
    problem = f"Cannot {'remove' if removes else 'add'} role '{role}'"
    if role == NO_ACCESS:
        raise invalid("role", f"{problem} - requires '{MODIFY}'")
    for name in access.role(role) or ():
        if name not in held:
            raise invalid("role", f"{problem} - requires '{MODIFY}' or superset of privileges.")
        if propagate and not held[name] and not removes:
            raise invalid(
                "role",
                f"{problem} with propagation - requires '{MODIFY}' or propagated superset of "
                "privileges.",
            )


def groups_with(access: Access, caller: Caller, *any_of: str) -> frozenset[str]:
    """The groups on which a caller has one of these privileges."""
    return frozenset(
        name
        for name in access.accounts.groups
        if access.allows(caller, f"{_GROUPS}/{name}", *any_of)
    )


def may_handle_user(
    access: Access,
    caller: Caller,
    userid: str,
    any_of: Sequence[str],
    *,
    groups: Sequence[str] | None = None,
    exists: bool = True,
) -> bool:
    """PVE::RPCEnvironment's test `userid-group`: a privilege on all users, or by their groups.

    Who has it on some groups alone must have it on one of the user's, where the user `exists`, and
    on each of `groups`, which then must be named, where they are changed.
    """
    if access.allows(caller, _GROUPS, *any_of):
        return True
    user = access.user(userid)
    allowed = groups_with(access, caller, *any_of)
    if groups is not None and (not groups or not set(groups) <= allowed):
        return False
    return not exists or (user is not None and bool(allowed & set(user.groups)))


def check_root(caller: Caller, userid: str) -> None:
    """Refuse to let anybody else handle root.

    PVE asks this for passwords and second factors (RPCEnvironment reauth_user_for_user_modification);
    here it holds for root's tokens and its record too, since who makes one of them is root.

    Raises:
        ApiFailureError: 403.
    """
    if userid == ROOT and caller.user != ROOT:
        raise forbidden(f"only {ROOT} may modify {ROOT}")

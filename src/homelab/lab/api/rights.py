"""Who may ask an endpoint, as data: stated in the table, asked by the dispatcher, shown in docs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Literal

from homelab.lab.access.acl import Access
from homelab.lab.access.delegation import check_root, may_handle_user, may_modify
from homelab.lab.access.tickets import Caller
from homelab.lab.failures import ApiFailureError, forbidden
from homelab.pve.schema import Arguments, split_list

_VARIABLE = re.compile(r"{(\w+)}")
Values = Mapping[str, str]
"""Parameters of a request, each in its one spelling."""


@dataclass(frozen=True, slots=True)
class Privilege:
    """A privilege at a path, which may name parameters: `/vms/{vmid}`."""

    path: str
    name: str
    or_else: tuple[str, ...] = ()
    """Privileges of which one is as good."""

    def __str__(self) -> str:
        return f"{self.path}, {'|'.join((self.name, *self.or_else))}"


@dataclass(frozen=True, slots=True)
class Modify:
    """The right to hand out rights at a path; see `may_modify`."""

    path: str

    def __str__(self) -> str:
        return f"{self.path}, Permissions.Modify or its own Allocate"


@dataclass(frozen=True, slots=True)
class ThatUser:
    """The caller is the user that `userid` names, and not one of its tokens (PVE: `self`)."""

    def __str__(self) -> str:
        return "the user itself, by ticket"


@dataclass(frozen=True, slots=True)
class OnUser:
    """A privilege on the user that `userid` names, by its groups; see `may_handle_user`."""

    names: tuple[str, ...]
    _: KW_ONLY
    groups: bool = False
    """Whether the request changes groups, on each of which it is needed as well."""
    exists: bool = True

    def __str__(self) -> str:
        return f"/access/groups or a group of the user, {'|'.join(self.names)}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of several rights."""

    rights: tuple[Right, ...]

    def __str__(self) -> str:
        return " and ".join(map(_in_brackets, self.rights))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of several rights; what names a parameter that is not given is none."""

    rights: tuple[Right, ...]

    def __str__(self) -> str:
        return " or ".join(map(_in_brackets, self.rights))


Right = Privilege | Modify | ThatUser | OnUser | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Rows:
    """A list: everybody may ask, and sees the rows that this right lets it see."""

    right: Right

    def __str__(self) -> str:
        return f"for each row: {self.right}"


@dataclass(frozen=True, slots=True)
class Inside:
    """What the handler asks, of each object that a request names or a name leads to."""

    right: Right
    first: Right | None = None
    """What is asked before, by the request's path and parameters alone."""

    @property
    def whole(self) -> Right:
        """Both."""
        return self.right if self.first is None else AllOf((self.first, self.right))

    def __str__(self) -> str:
        return str(self.whole)


Permission = Right | Rows | Inside | Literal["world", "user"]
"""`world` needs no login, `user` needs one and no right: what it answers is nobody's."""


def asked_first(permission: Permission) -> Right | None:
    """What is asked before the handler begins."""
    match permission:
        case Rows() | str():
            return None
        case Inside():
            return permission.first
        case _:
            return permission


def variables(right: Right) -> frozenset[str]:
    """The parameters that decide on a right."""
    match right:
        case Privilege() | Modify():
            return frozenset(_VARIABLE.findall(right.path))
        case ThatUser():
            return frozenset({"userid"})
        case OnUser():
            return frozenset({"userid", "groups"} if right.groups else {"userid"})
        case AllOf() | AnyOf():
            return frozenset(name for part in right.rights for name in variables(part))


def values_of(args: Arguments, *, home: str) -> Values:
    """What decides, as handlers see it: the node's own name for `localhost`, a user's realm."""
    values = {name: args.text(name) for name in args}
    if values.get("node") == "localhost":
        values["node"] = home
    if "userid" in values:
        values["realm"] = values["userid"].rpartition("@")[2]
    return values


def holds(access: Access, caller: Caller, right: Right, values: Values) -> bool:
    """Whether a caller has a right."""
    try:
        require(access, caller, right, values)
    except ApiFailureError:
        return False
    return True


def require(access: Access, caller: Caller, right: Right, values: Values) -> None:
    """Refuse a caller who lacks a right.

    Raises:
        ApiFailureError: 403 with PVE's text.
    """
    if access.is_almighty(caller):
        return
    match right:
        case Privilege():
            access.require(caller, _filled(right.path, values), any_of=_names(right))
        case Modify():
            path = _filled(right.path, values)
            if not may_modify(access, caller, path):
                raise forbidden(f"{path}, Permissions.Modify")
        case ThatUser():
            if str(caller) != values["userid"]:
                raise forbidden(f"user is not {values['userid']}")
        case OnUser():
            _require_on_user(access, caller, right, values)
        case AllOf():
            for part in right.rights:
                require(access, caller, part, values)
        case AnyOf():
            known = [part for part in right.rights if _is_given(part, values)]
            if not any(holds(access, caller, part, values) for part in known):
                require(access, caller, known[-1], values)


def _require_on_user(access: Access, caller: Caller, right: OnUser, values: Values) -> None:
    userid = values["userid"]
    groups = split_list(values.get("groups", "")) if right.groups else None
    if not may_handle_user(access, caller, userid, right.names, groups=groups, exists=right.exists):
        raise forbidden(f"/access/groups, {'|'.join(right.names)}")
    if "Sys.Audit" not in right.names:
        check_root(caller, userid)


def _names(right: Privilege) -> tuple[str, ...]:
    return (right.name, *right.or_else)


def _filled(path: str, values: Values) -> str:
    return path.format_map(values)


def _is_given(right: Right, values: Values) -> bool:
    return not isinstance(right, Privilege) or variables(right) <= values.keys()


def _in_brackets(right: Right) -> str:
    return f"({right})" if isinstance(right, AllOf | AnyOf) else str(right)

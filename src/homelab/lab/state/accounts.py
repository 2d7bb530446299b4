"""Users, groups, roles, access rules and API tokens as the node keeps them."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Self, TypeVar

from homelab.lab.state.database import State, Transaction
from homelab.lab.state.documents import documents, put_document, remove_document
from homelab.lab.state.typed import load

_log = logging.getLogger(__name__)

_ROUNDS = 20_000


DAMAGED = "this record is damaged: remove it"
"""The comment of what can't be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user; `secret` is a salted hash of the password, where there is one."""

    enable: bool = True
    expire: int = 0
    comment: str = ""
    email: str = ""
    firstname: str = ""
    lastname: str = ""
    keys: str = ""
    groups: tuple[str, ...] = ()
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token; `secret` is a hash of its value, and empty where the node keeps that itself."""

    privsep: bool = True
    expire: int = 0
    comment: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group; its members are noted at the users."""

    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role that someone made."""

    privs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of the access control list."""

    path: str
    kind: str
    """user, group or token."""
    ugid: str
    role: str
    propagate: bool = True

    @property
    def key(self) -> str:
        """What tells it from other entries."""
        return f"{self.path} {self.kind} {self.ugid} {self.role}"


AnyRecord = User | Token | Group | Role | Rule
_Kind = TypeVar("_Kind", User, Token, Group, Role, Rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """All of them at one time; tokens by their full name, USER!NAME."""

    users: Mapping[str, User] = field(default_factory=dict)
    tokens: Mapping[str, Token] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    rules_by_path: Mapping[str, tuple[Rule, ...]] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the rules by their paths."""
        found: dict[str, list[Rule]] = {}
        for rule in self.rules:
            found.setdefault(rule.path, []).append(rule)
        by_path = {path: tuple(rules) for path, rules in found.items()}
        object.__setattr__(self, "rules_by_path", by_path)

    @classmethod
    def read(cls, state: State) -> Self:
        return cls(
            users=_load(state, User),
            tokens=_load(state, Token),
            groups=_load(state, Group),
            roles=_load(state, Role),
            rules=tuple(_load(state, Rule).values()),
        )


def put(transaction: Transaction, key: str, record: AnyRecord) -> None:
    """Keep a record; an earlier one of its kind and key is replaced."""
    put_document(transaction, _kind(type(record)), key, asdict(record))


def remove(transaction: Transaction, key: str, kind: type[AnyRecord]) -> bool:
    """Remove a record; False when there was none."""
    return remove_document(transaction, _kind(kind), key)


def hashed_password(password: str) -> str:
    """A password as it is kept."""
    salt = secrets.token_hex(8)
    return f"{salt}${_derived(password, salt)}"


def password_matches(password: str, kept: str) -> bool:
    """Whether it is the password that was kept."""
    salt, separator, derived = kept.partition("$")
    return bool(separator) and hmac.compare_digest(_derived(password, salt), derived)


def hashed_secret(secret: str) -> str:
    """A token's value as it is kept; it is random, so that it needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def secret_matches(secret: str, kept: str) -> bool:
    """Whether it is the token's value that was kept."""
    return hmac.compare_digest(hashed_secret(secret), kept)


def _derived(password: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), _ROUNDS).hex()


def _kind(kind: type[AnyRecord]) -> str:
    return f"access-{kind.__name__.lower()}"


def _load(state: State, kind: type[_Kind]) -> dict[str, _Kind]:
    found = (
        (key, load(kind, value) or _instead(kind, key))
        for key, value in documents(state, _kind(kind)).items()
    )
    return {key: record for key, record in found if record is not None}


def _instead(kind: type[_Kind], key: str) -> _Kind | None:
    """What stands for a damaged record until it is removed: nobody can do anything by it.

    A rule is what its key says, since one that is left out could grant what it denied.
    """
    if issubclass(kind, User):
        return kind(enable=False, comment=DAMAGED)
    if issubclass(kind, Token):
        return kind(expire=1, comment=DAMAGED)
    if issubclass(kind, Group):
        return kind(comment=DAMAGED)
    if issubclass(kind, Role):
        return kind()
    words = key.split(" ")
    if len(words) != 4 or not issubclass(kind, Rule):
        _log.warning("the record of the access rule %r is damaged, and left out", key)
        return None
    return kind(path=words[0], kind=words[1], ugid=words[2], role=words[3])

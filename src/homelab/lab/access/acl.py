"""What a caller may do where: the access control list, read as PVE reads it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate

from homelab.lab.access.tickets import ROOT, TOKEN_NAME, Caller
from homelab.lab.failures import ApiFailureError, forbidden
from homelab.lab.state import accounts
from homelab.lab.state.accounts import Accounts, AnyRecord, Rule, Token, User
from homelab.lab.state.database import State, Transaction
from homelab.pve import privileges
from homelab.pve.release import DEFAULT_RELEASE, Release

NO_ACCESS = "NoAccess"
_MOST_TOKENS = 100
"""Of one user."""
_MOST_USERS = 10_000
_Roles = dict[str, bool]
"""Role to whether it propagates."""
_Who = tuple[tuple[str, tuple[str, ...]], ...]
"""Kinds of rules and whose they are, the ones that win first."""
_Held = tuple[tuple[int, int], dict[tuple[str, str], Mapping[str, bool]]]
"""Privileges by name and path, and the version that they are good for."""
_REMEMBERED = 50_000
_LONGEST = 128
"""Of the paths that are remembered, so that they take 20 MB at most, of those who have logged in."""


class Access:
    """Decides about privileges. Root by ticket, and its unseparated tokens, may do everything."""

    def __init__(
        self,
        state: State,
        *,
        release: Release = DEFAULT_RELEASE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state = state
        self._clock = clock
        self._writing = threading.Lock()
        self.accounts = Accounts.read(state)
        """Users, groups, roles, rules and tokens as they are now."""
        self._changes = 0
        self._held: _Held = ((-1, -1), {})
        self._alike: dict[tuple[tuple[str, bool], ...], Mapping[str, bool]] = {}
        """What is held in many places, once."""
        self.known = privileges.privileges(release)
        self.builtin_roles = privileges.roles(release)

    @contextmanager
    def change(self) -> Iterator[Transaction]:
        """Change accounts; what is read afterwards is what was committed."""
        with self._writing:
            with self._state.transaction() as transaction:
                yield transaction
            self.accounts = Accounts.read(self._state)
            self._changes += 1

    def put(self, key: str, record: AnyRecord) -> None:
        """Keep one account; an earlier one of its kind and key is replaced.

        Raises:
            ApiFailureError: there are too many already. All are read again after each change, and
                everybody may make tokens of his own.
        """
        self._check_room(key, record)
        with self.change() as transaction:
            accounts.put(transaction, key, record)

    def _check_room(self, key: str, record: AnyRecord) -> None:
        users, tokens = self.accounts.users, self.accounts.tokens
        if isinstance(record, Token) and key not in tokens:
            whose = f"{key.partition('!')[0]}!"
            if sum(name.startswith(whose) for name in tokens) >= _MOST_TOKENS:
                raise ApiFailureError(f"a user has {_MOST_TOKENS} tokens at most")
        if isinstance(record, User) and key not in users and len(users) >= _MOST_USERS:
            raise ApiFailureError(f"there are {_MOST_USERS} users at most")

    def user(self, userid: str) -> User | None:
        """A user; root is always there."""
        found = self.accounts.users.get(userid)
        return User() if found is None and userid == ROOT else found

    def users(self) -> Mapping[str, User]:
        """All users, root first."""
        return {ROOT: User(), **self.accounts.users}

    def token(self, userid: str, tokenid: str) -> Token | None:
        """An API token; root has one that the lab hands out."""
        found = self.accounts.tokens.get(f"{userid}!{tokenid}")
        if found is None and (userid, tokenid) == (ROOT, TOKEN_NAME):
            return Token(privsep=False)
        return found

    def tokens(self, userid: str) -> dict[str, Token]:
        own = {
            name.partition("!")[2]: token
            for name, token in self.accounts.tokens.items()
            if name.startswith(f"{userid}!")
        }
        return {TOKEN_NAME: Token(privsep=False), **own} if userid == ROOT else own

    def is_active(self, userid: str) -> bool:
        """Whether a user exists, is enabled and has not expired."""
        user = self.user(userid)
        return user is not None and user.enable and not self._has_expired(user.expire)

    def has_password(self, userid: str) -> bool:
        """Whether one was set through the API."""
        user = self.accounts.users.get(userid)
        return user is not None and bool(user.secret)

    def password_matches(self, userid: str, password: str) -> bool:
        """Whether it is the user's password, which takes a while to find out."""
        user = self.accounts.users.get(userid)
        return user is not None and accounts.password_matches(password, user.secret)

    def token_matches(self, userid: str, tokenid: str, secret: str) -> bool | None:
        """Whether it is the token's value; None when the node made no such token."""
        token = self.accounts.tokens.get(f"{userid}!{tokenid}")
        if token is None:
            return None
        if self._has_expired(token.expire):
            return False
        return accounts.secret_matches(secret, token.secret) if token.secret else None

    def privileges(self, caller: Caller | str, path: str) -> Mapping[str, bool]:
        """What a user or token may do at a path, and whether it holds below it too."""
        version, held = self._held
        now = self.version
        if version != now or len(held) >= _REMEMBERED:
            held = {}
            self._held = (now, held)
            self._alike = {}
        key = (str(caller), path)
        if len(path) > _LONGEST:
            return self._privileges(*key)
        found = held.get(key)
        if found is None:
            found = self._privileges(*key)
            found = held[key] = self._alike.setdefault(tuple(found.items()), found)
        return found

    @property
    def version(self) -> tuple[int, int]:
        """Another one as soon as anyone may do anything else."""
        return self._changes, self._state.pool_changes

    def _privileges(self, name: str, path: str) -> Mapping[str, bool]:
        userid, separator, tokenid = name.partition("!")
        if not separator:
            return self._of_user(userid, path)
        token = self.token(userid, tokenid)
        if token is None:
            return {}
        whole = self._of_user(userid, path)
        if not token.privsep:
            return whole
        own = self._expanded(self._with_pool(path, (("token", (name,)),)))
        return {name: flag and whole[name] for name, flag in own.items() if name in whole}

    def allows(self, caller: Caller, path: str, *any_of: str) -> bool:
        """Whether a caller has one of these privileges at a path."""
        if self.is_almighty(caller):
            return True
        held = self.privileges(caller, path)
        return any(name in held for name in any_of)

    def is_almighty(self, caller: Caller) -> bool:
        """Whether no rule limits a caller."""
        if caller.user != ROOT:
            return False
        if caller.tokenid is None:
            return True
        token = self.token(ROOT, caller.tokenid)
        return token is not None and not token.privsep

    def require(self, caller: Caller, path: str, *names: str, any_of: Sequence[str] = ()) -> None:
        """Refuse a caller who lacks one of `names`, or all of `any_of`.

        Raises:
            ApiFailureError: 403 with PVE's text.
        """
        if self.is_almighty(caller):
            return
        held = self.privileges(caller, path)
        for name in names:
            if name not in held:
                raise forbidden(f"{path}, {name}")
        if any_of and not set(any_of) & held.keys():
            raise forbidden(f"{path}, {'|'.join(any_of)}")

    def require_any(self, caller: Caller, *grants: tuple[str, str]) -> None:
        """Refuse a caller who has none of these privileges at their paths.

        Raises:
            ApiFailureError: 403 that names the first one, as PVE does.
        """
        if not any(self.allows(caller, path, name) for path, name in grants):
            path, name = grants[0]
            raise forbidden(f"{path}, {name}")

    def role(self, name: str) -> tuple[str, ...] | None:
        """A role's privileges; None when there is no such role."""
        builtin = self.builtin_roles.get(name)
        if builtin is not None:
            return builtin
        made = self.accounts.roles.get(name)
        return None if made is None else made.privs

    def paths(self) -> tuple[str, ...]:
        """Every path that a rule or a pool names, and those that PVE always lists."""
        standard = ("/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms")
        named = (rule.path for rule in self.accounts.rules)
        return tuple(sorted({*standard, *named, *self._state.pool_of()}))

    def forget(self, path: str) -> None:
        """Remove the rules of what is gone, so that nobody has them on its successor."""
        gone = self.accounts.rules_by_path.get(path, ())
        if gone:
            with self.change() as transaction:
                for rule in gone:
                    accounts.remove(transaction, rule.key, Rule)

    def _has_expired(self, expire: int) -> bool:
        return 0 < expire < self._clock()

    def _of_user(self, userid: str, path: str) -> Mapping[str, bool]:
        if userid == ROOT:
            return dict.fromkeys(self.known, True)
        user = self.user(userid)
        if user is None:
            return {}
        who = (("user", (userid,)), ("group", user.groups))
        return self._expanded(self._with_pool(path, who))

    def _with_pool(self, path: str, who: _Who) -> _Roles:
        """The roles at a path, with those that its pool gives there (and not below)."""
        found = self._roles(path, who)
        pool = self._state.pool_of().get(path)
        if pool is not None and NO_ACCESS not in found:
            found = {**dict.fromkeys(self._roles(f"/pool/{pool}", who), False), **found}
        return found

    def _roles(self, path: str, who: _Who) -> _Roles:
        """The roles at a path: a deeper rule replaces those above, a user's those of groups."""
        found: _Roles = {}
        for level in _levels(path):
            here: Sequence[Rule] = self.accounts.rules_by_path.get(level, ())
            here = [rule for rule in here if rule.propagate or level == path]
            for kind, ids in who:
                given = {r.role: r.propagate for r in here if r.kind == kind and r.ugid in ids}
                if given:
                    found = {NO_ACCESS: True} if NO_ACCESS in given else given
                    break
        return found

    def _expanded(self, found: _Roles) -> dict[str, bool]:
        if NO_ACCESS in found:
            return {}
        held: dict[str, bool] = {}
        for role, propagates in found.items():
            for privilege in self.role(role) or ():
                held[privilege] = held.get(privilege, False) or propagates
        return held


def _levels(path: str) -> list[str]:
    """The path and all above it, the root first."""
    names = filter(None, path.split("/"))
    levels = accumulate(names, lambda above, name: f"{above}/{name}", initial="")
    return [level or "/" for level in levels]

"""Random users, groups, tokens, pools and rules: whatever they are, nobody gives what it lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lab_node import LabNode
from rights import put_rule

from homelab.lab.access.delegation import ALLOCATES, MODIFY
from homelab.lab.access.tickets import Caller
from homelab.lab.api.dispatch import Request
from homelab.lab.state import accounts
from homelab.lab.state.accounts import Group, Role, Rule, Token, User, hashed_secret

USERS = ("ann@pve", "bob@pve", "eve@pve")
TOKENS = ("ann@pve!one", "ann@pve!two", "bob@pve!one")
GROUPS = ("ops", "dev")
IDENTITIES = (*USERS, *TOKENS)
SECRET = "22222222-3333-4444-5555-666666666666"
PATHS = (
    *("/", "/access", "/access/groups", "/access/groups/ops", "/pool", "/pool/p", "/pool/q"),
    *("/vms", "/vms/100", "/vms/101", "/storage", "/storage/local", "/nodes/pve"),
)
ROLES: Mapping[str, tuple[str, ...]] = {
    "Owner": ("VM.Allocate", "VM.Audit"),
    "Pools": ("Pool.Allocate", "Pool.Audit"),
    "Stores": ("Datastore.Allocate", "Datastore.Audit"),
    "Looks": ("VM.Audit", "Sys.Audit", "Pool.Audit"),
    "Users": ("User.Modify",),
    "Rights": (MODIFY, "VM.Audit"),
    "System": ("Sys.Modify", "Group.Allocate", "Realm.AllocateUser"),
}
_NAMES = (*ROLES, "NoAccess", "Administrator", "PVEAuditor")
_OTHER_RIGHTS = ("User.Modify", "Sys.Modify", "Group.Allocate", "Realm.AllocateUser", MODIFY)

_SENSIBLE = (
    *(("/vms/100", "Owner"), ("/vms/101", "Owner"), ("/vms", "Owner"), ("/vms/100", "Rights")),
    *(("/pool/p", "Pools"), ("/pool/q", "Pools"), ("/pool", "Pools"), ("/pool/p", "Owner")),
    *(("/storage/local", "Stores"), ("/access/groups", "Users"), ("/access/groups/ops", "Users")),
    *(("/access", "System"), ("/", "Looks"), ("/vms/100", "NoAccess")),
)
"""Rules of the kind that there are; any rule at any path comes beside them."""

_users, _tokens, _paths = map(st.sampled_from, (USERS, TOKENS, PATHS))
_ugids = st.one_of(
    st.tuples(st.just("user"), _users),
    st.tuples(st.just("user"), _users),
    st.tuples(st.just("token"), _tokens),
    st.tuples(st.just("group"), st.sampled_from(GROUPS)),
)
_rules = st.builds(
    lambda where, who, propagate: Rule(
        path=where[0], kind=who[0], ugid=who[1], role=where[1], propagate=propagate
    ),
    st.one_of(*[st.sampled_from(_SENSIBLE)] * 3, st.tuples(_paths, st.sampled_from(_NAMES))),
    _ugids,
    st.sampled_from((True, True, False)),
)


@dataclass(frozen=True)
class World:
    """Who is there, and what they may."""

    rules: tuple[Rule, ...]
    groups: Mapping[str, frozenset[str]]
    privsep: Mapping[str, bool]
    pools: Mapping[int, str | None]


WORLDS = st.builds(
    World,
    rules=st.lists(_rules, min_size=8, max_size=24).map(tuple),
    groups=st.fixed_dictionaries({user: st.frozensets(st.sampled_from(GROUPS)) for user in USERS}),
    privsep=st.fixed_dictionaries(dict.fromkeys(TOKENS, st.booleans())),
    pools=st.fixed_dictionaries({vmid: st.sampled_from((None, "p", "q")) for vmid in (100, 101)}),
)


@dataclass(frozen=True)
class Change:
    """A request that changes who may what."""

    method: str
    path: str
    form: Mapping[str, object] = field(default_factory=dict)


def _acl(path: str, who: tuple[str, str], role: str, more: Mapping[str, object]) -> Change:
    return Change("PUT", "/access/acl", {"path": path, f"{who[0]}s": who[1], "roles": role, **more})


def _token(name: str, method: str, more: Mapping[str, object]) -> Change:
    user, _, tokenid = name.partition("!")
    return Change(method, f"/access/users/{user}/token/{tokenid}", more)


_objects = st.sampled_from(("/vms/100", "/vms/101", "/pool/p", "/pool/q", "/storage/local"))
_flags = st.sampled_from(({}, {"propagate": 0}, {"delete": 1}))
_POOLS = st.builds(
    lambda pool, vmid, more: Change("PUT", f"/pools/{pool}", {"vms": vmid, **more}),
    *(st.sampled_from(("p", "q")), st.sampled_from((100, 101))),
    st.sampled_from(({}, {"delete": 1}, {"allow-move": 1})),
)
CHANGES = st.one_of(
    st.builds(_acl, _paths, _ugids, st.sampled_from(_NAMES), _flags),
    *[st.builds(_acl, _objects, _ugids, st.sampled_from(_NAMES), _flags)] * 3,
    st.builds(
        _token,
        st.one_of(_tokens, st.sampled_from(("eve@pve!new", "bob@pve!new"))),
        st.sampled_from(("POST", "PUT", "DELETE")),
        st.sampled_from(({}, {"privsep": 0}, {"privsep": 1})),
    ).map(lambda c: c if c.method != "DELETE" else Change(c.method, c.path)),
    st.builds(
        lambda user, groups: Change("PUT", f"/access/users/{user}", {"groups": groups}),
        *(_users, st.sampled_from(("", "ops", "dev", "ops,dev"))),
    ),
    st.builds(
        lambda role, privs: Change("PUT", f"/access/roles/{role}", {"privs": privs}),
        *(st.sampled_from(tuple(ROLES)), st.sampled_from(("VM.Audit", MODIFY, "Sys.Modify"))),
    ),
    st.builds(lambda name: Change("DELETE", f"/access/groups/{name}"), st.sampled_from(GROUPS)),
    _POOLS,
)
_askers = st.one_of(_users, st.sampled_from(IDENTITIES))
_own_tokens = _tokens.map(
    lambda name: (name, _token(f"{name.partition('!')[0]}!more", "POST", {"privsep": 0}))
)
ASKED = st.one_of(
    *[st.tuples(_askers, CHANGES)] * 3,
    _own_tokens,
    st.tuples(st.just("eve@pve"), _POOLS),
)
"""Who asks for what; a token for more than it has, and Eve, who has the pools, for guests."""
_EVES = Rule(path="/pool", kind="user", ugid="eve@pve", role="Pools")
Held = Mapping[tuple[str, str], frozenset[str]]


HASHED = hashed_secret(SECRET)


def _build(node: LabNode, world: World) -> None:
    """Make the node's accounts those of the world, whatever they were."""
    access = node.context.access
    with access.change() as transaction:
        transaction.execute("DELETE FROM documents WHERE kind LIKE 'access-%'")
        for user, groups in world.groups.items():
            accounts.put(transaction, user, User(groups=tuple(sorted(groups))))
        for name, privsep in world.privsep.items():
            accounts.put(transaction, name, Token(privsep=privsep, secret=HASHED))
        for name in GROUPS:
            accounts.put(transaction, name, Group())
        for name, privs in ROLES.items():
            accounts.put(transaction, name, Role(privs=privs))
        for rule in (*world.rules, _EVES):
            put_rule(transaction, rule)
        for vmid, pool in world.pools.items():
            transaction.put_pool_guest(vmid, pool)


def _held(node: LabNode) -> Held:
    access = node.context.access
    return {
        (who, path): frozenset(access.privileges(who, path)) for who in IDENTITIES for path in PATHS
    }


@pytest.fixture
def small(node: LabNode) -> LabNode:
    node.create(100)
    node.create(101)
    for poolid in ("p", "q"):
        node.ask("POST", "/pools", poolid=poolid)
    return node


@pytest.fixture
def askers(small: LabNode) -> Mapping[str, LabNode]:
    """Asks as each identity; a ticket is good for as long as there is a user of that name."""
    for user in USERS:
        small.ask("POST", "/access/users", userid=user, password="long enough")
    users = {user: small.log_in(user, "long enough") for user in USERS}
    return {**users, **{name: small.with_token(name, SECRET) for name in TOKENS}}


def _check_tokens(node: LabNode, held: Held) -> None:
    ruled = {rule.ugid for rule in node.context.access.accounts.rules}
    for name in TOKENS:
        user = name.partition("!")[0]
        token = node.context.access.token(user, name.partition("!")[2])
        for path in PATHS:
            assert held[name, path] <= held[user, path]
            if token is not None and not token.privsep:
                assert held[name, path] == held[user, path]
            elif name not in ruled:
                assert not held[name, path]


def _check_gain(change: Change, caller: str, before: Held, after: Held) -> None:
    """Nobody gained what the caller could not give."""
    gained = {key: names for key in after if (names := after[key] - before[key])}
    anywhere = frozenset().union(*(before[caller, path] for path in PATHS))
    if change.path == "/access/acl":
        path = str(change.form["path"])
        held = before[caller, path]
        part = path.split("/")[1]
        below = path.count("/") > 1
        assert held & {MODIFY, *([ALLOCATES[part]] if below and part in ALLOCATES else [])}
        if MODIFY not in held and "delete" not in change.form:
            assert change.form["roles"] != "NoAccess"
            for (who, where), names in gained.items():
                if where == path or "propagate" not in change.form:
                    assert names <= held, (who, where, names - held)
    elif "/token/" in change.path:
        user = change.path.split("/")[3]
        if caller != user:
            assert "User.Modify" in anywhere
        assert all(who.partition("!")[0] == user and "!" in who for who, _path in gained)
    elif change.path.startswith("/pools/"):
        where = f"/vms/{change.form['vms']}"
        assert before[caller, where] & {MODIFY, "VM.Allocate"}
        assert "Pool.Allocate" in before[caller, change.path.replace("/pools/", "/pool/")]
        assert all(path == where for _who, path in gained)
    elif not anywhere & set(_OTHER_RIGHTS):
        assert after == before


def _settings(cases: int) -> Callable[[Any], Any]:
    unhealthy = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    return settings(max_examples=cases, deadline=None, suppress_health_check=unhealthy)


def test_nobody_gives_what_it_does_not_have(small, askers, cases) -> None:
    node = small

    @_settings(cases)
    @given(
        world=WORLDS,
        changes=st.lists(ASKED, min_size=4, max_size=12),
    )
    def check(world: World, changes: list[tuple[str, Change]]) -> None:
        _build(node, world)
        before = _held(node)
        _check_tokens(node, before)
        for who, change in changes:
            answer = askers[who].ask(change.method, change.path, **change.form)
            assert answer.status in {200, 400, 401, 403, 500}
            after = _held(node)
            if answer.status == 200:
                _check_gain(change, who, before, after)
            else:
                assert after == before
            _check_tokens(node, after)
            before = after

    check()


_SPELLINGS = st.sampled_from(
    (
        "0{}",
        "+{}",
        "00{}",
        "%20{}",
        "{}%20",
        "{}%0a",
        "-{}",
        "{}.0",
        "{}e0",
        "{}_",
        "0x{}",
        "\uff11\uff10\uff10",
    )
)


def test_another_spelling_never_allows_more(small, askers, cases) -> None:
    node = small

    @_settings(cases)
    @given(world=WORLDS, who=st.sampled_from(IDENTITIES), spelling=_SPELLINGS, twice=st.booleans())
    def check(world: World, who: str, spelling: str, twice: bool) -> None:  # noqa: FBT001
        _build(node, world)
        caller = askers[who]
        user, _, tokenid = who.partition("!")
        allows = node.context.access.allows
        may = allows(Caller(user=user, tokenid=tokenid or None), "/vms/100", "VM.Audit")
        right = _status(caller, "/nodes/pve/lxc/100/config")
        assert right == (200 if may else 403)
        assert _status(caller, f"/nodes/pve/lxc/{spelling.format(100)}/config") in {400, 403}
        slashes = "//" if twice else "/"
        same = f"{slashes}nodes{slashes}localhost{slashes}lxc{slashes}%31%30%30{slashes}config/"
        assert _status(caller, same) == right

    check()


def _status(node: LabNode, path: str) -> int:
    request = Request(method="GET", path=f"/api2/json{path}", headers=node.headers)
    return node.raw(request).status

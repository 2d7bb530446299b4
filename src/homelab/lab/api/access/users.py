"""/access/users: users and their API tokens."""

from __future__ import annotations

import uuid
from dataclasses import replace

from homelab.lab.access.delegation import groups_with
from homelab.lab.access.tickets import ROOT, TOKEN_NAME
from homelab.lab.api.endpoint import Call, Endpoint
from homelab.lab.api.names import USERID
from homelab.lab.api.rights import AllOf, AnyOf, OnUser, Privilege, Rows, ThatUser
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.node.context import Context
from homelab.lab.state import accounts
from homelab.lab.state.accounts import Rule, Token, User, hashed_password, hashed_secret
from homelab.lab.state.database import Transaction
from homelab.pve.schema import COUNT, FLAG, LINES, LIST, PARAGRAPHS, Arguments, Parameter

_SEES = ("User.Modify", "Sys.Audit")
EMAIL = Parameter(max_length=254, pattern=r"(?:[^\s@,<>\"]+@[^\s@,<>\"]+)?")
_TEXTS = ("comment", "email", "firstname", "lastname", "keys")


def listing(context: Context, call: Call) -> object:
    access = context.access
    found = []
    everybody = access.allows(call.caller, "/access/groups", *_SEES)
    groups = groups_with(access, call.caller, *_SEES)
    for userid, user in access.users().items():
        shown = everybody or userid == str(call.caller) or groups & set(user.groups)
        if shown and ("enabled" not in call.args or call.args.flag("enabled") == user.enable):
            row = {"userid": userid, "realm-type": userid.partition("@")[2], **_shown(user)}
            if call.args.flag("full"):
                row["groups"] = ",".join(user.groups)
                row["tokens"] = _tokens(context, userid)
            found.append(row)
    return found


def show(context: Context, call: Call) -> object:
    userid, user = _user(context, call)
    tokens = {name: _token(token) for name, token in context.access.tokens(userid).items()}
    return {**_shown(user), "groups": list(user.groups), "tokens": tokens}


def create(context: Context, call: Call) -> None:
    userid = call.args.text("userid")
    access = context.access
    realm = userid.partition("@")[2]
    if realm not in {"pam", "pve"}:
        raise ApiFailureError(f"create user failed: domain '{realm}' does not exist")
    if access.user(userid) is not None:
        raise ApiFailureError(f"create user failed: user '{userid}' already exists")
    user = _changed(context, User(), call.args)
    if "password" in call.args:
        user = replace(user, secret=hashed_password(call.args.text("password")))
    access.put(userid, user)


def update(context: Context, call: Call) -> None:
    """Change a user; who takes it out of a group needs the right on that group too."""
    userid, user = _user(context, call)
    changed = _changed(context, user, call.args)
    for name in set(user.groups) - set(changed.groups):
        context.access.require_any(
            call.caller,
            ("/access/groups", "User.Modify"),
            (f"/access/groups/{name}", "User.Modify"),
        )
    context.access.put(userid, changed)


def remove(context: Context, call: Call) -> None:
    userid, _found = _user(context, call)
    if userid in {call.caller.user, ROOT}:
        raise ApiFailureError("delete user failed: you can't delete your own user")
    with context.access.change() as transaction:
        accounts.remove(transaction, userid, User)
        for name in context.access.tokens(userid):
            _remove_token(context, transaction, f"{userid}!{name}")
        _remove_rules(context, transaction, "user", userid)


def tokens(context: Context, call: Call) -> object:
    return _tokens(context, _user(context, call)[0])


def token(context: Context, call: Call) -> object:
    return _token(_known_token(context, call)[1])


def create_token(context: Context, call: Call) -> object:
    userid, _found = _user(context, call)
    tokenid = call.args.text("tokenid")
    if context.access.token(userid, tokenid) is not None:
        raise invalid("tokenid", "Token already exists.")
    secret = str(uuid.uuid4())
    made = Token(
        privsep=call.args.flag("privsep", default=True),
        expire=call.args.integer("expire"),
        comment=call.args.text("comment"),
        secret=hashed_secret(secret),
    )
    context.access.put(f"{userid}!{tokenid}", made)
    return {"full-tokenid": f"{userid}!{tokenid}", "value": secret, "info": _token(made)}


def update_token(context: Context, call: Call) -> object:
    """Change a token; its value stays, unless it is asked for another one."""
    (name, known), args = _known_token(context, call), call.args
    for option in args.words("delete"):
        if option != "comment":
            raise invalid("delete", f"unknown option '{option}'")
    changed = replace(
        known,
        privsep=args.flag("privsep", default=known.privsep),
        expire=args.integer("expire", known.expire),
        comment="" if "comment" in args.words("delete") else args.text("comment", known.comment),
    )
    answer = _token(changed)
    if args.flag("regenerate"):
        secret = str(uuid.uuid4())
        changed = replace(changed, secret=hashed_secret(secret))
        answer = {**answer, "full-tokenid": name, "value": secret}
    context.access.put(name, changed)
    return answer


def delete_token(context: Context, call: Call) -> None:
    name, _found = _known_token(context, call)
    if name == f"{ROOT}!{TOKEN_NAME}":
        raise ApiFailureError("deleting token failed: it is the lab's own; regenerate it instead")
    with context.access.change() as transaction:
        _remove_token(context, transaction, name)


def _user(context: Context, call: Call) -> tuple[str, User]:
    userid = call.args.text("userid")
    user = context.access.user(userid)
    if user is None:
        raise ApiFailureError(f"no such user ('{userid}')")
    return userid, user


def _known_token(context: Context, call: Call) -> tuple[str, Token]:
    """A token with its full name."""
    userid, _user_found = _user(context, call)
    tokenid = call.args.text("tokenid")
    found = context.access.token(userid, tokenid)
    if found is None:
        raise ApiFailureError(f"no such token '{tokenid}' for user '{userid}'")
    return f"{userid}!{tokenid}", found


def _changed(context: Context, user: User, args: Arguments) -> User:
    groups = user.groups
    if "groups" in args:
        named = args.words("groups")
        for name in named:
            if name not in context.access.accounts.groups:
                raise ApiFailureError(f"no such group '{name}'")
        groups = tuple(dict.fromkeys((*groups, *named) if args.flag("append") else named))
    texts = {name: args.text(name) for name in _TEXTS if name in args}
    return replace(
        user,
        enable=args.flag("enable", default=user.enable),
        expire=args.integer("expire", user.expire),
        groups=groups,
        **texts,
    )


def _remove_token(context: Context, transaction: Transaction, name: str) -> None:
    accounts.remove(transaction, name, Token)
    _remove_rules(context, transaction, "token", name)


def _remove_rules(context: Context, transaction: Transaction, kind: str, ugid: str) -> None:
    for rule in context.access.accounts.rules:
        if (rule.kind, rule.ugid) == (kind, ugid):
            accounts.remove(transaction, rule.key, Rule)


def _shown(user: User) -> dict[str, object]:
    texts = {name: value for name in _TEXTS if (value := getattr(user, name))}
    return {"enable": int(user.enable), "expire": user.expire, **texts}


def _tokens(context: Context, userid: str) -> list[dict[str, object]]:
    found = context.access.tokens(userid).items()
    return [{"tokenid": name, **_token(token)} for name, token in found]


def _token(found: Token) -> dict[str, object]:
    row: dict[str, object] = {"expire": found.expire, "privsep": int(found.privsep)}
    return {**row, "comment": found.comment} if found.comment else row


_PROFILE = {
    "comment": Parameter(max_length=2048, controls=LINES),
    "email": EMAIL,
    "enable": FLAG,
    "expire": COUNT,
    "firstname": Parameter(max_length=1024),
    "groups": LIST,
    "keys": Parameter(pattern=r"[0-9a-zA-Z!=]{0,4096}"),
    "lastname": Parameter(max_length=1024),
}
_TOKEN = {"comment": PARAGRAPHS, "expire": COUNT, "privsep": FLAG}
_ALLOCATE = Privilege("/access/realm/{realm}", "Realm.AllocateUser")
_MODIFY = OnUser(("User.Modify",))
_TOKENS = AnyOf((ThatUser(), _MODIFY))
_U = "/access/users/{userid}"
_T = f"{_U}/token/{{tokenid}}"

ENDPOINTS = (
    Endpoint(
        "GET",
        "/access/users",
        Rows(AnyOf((ThatUser(), OnUser(_SEES)))),
        listing,
        {"enabled": FLAG, "full": FLAG},
    ),
    Endpoint(
        "POST",
        "/access/users",
        AllOf((_ALLOCATE, OnUser(("User.Modify",), groups=True, exists=False))),
        create,
        {
            **_PROFILE,
            "password": Parameter(min_length=8, max_length=64, controls=None),
            "userid": USERID,
        },
    ),
    Endpoint("GET", _U, OnUser(_SEES), show),
    Endpoint(
        "PUT",
        _U,
        OnUser(("User.Modify",), groups=True),
        update,
        {**_PROFILE, "append": FLAG},
    ),
    Endpoint("DELETE", _U, AllOf((_ALLOCATE, _MODIFY)), remove),
    Endpoint("GET", f"{_U}/token", _TOKENS, tokens),
    Endpoint("GET", _T, _TOKENS, token),
    Endpoint("POST", _T, _TOKENS, create_token, _TOKEN),
    Endpoint("PUT", _T, _TOKENS, update_token, {**_TOKEN, "delete": LIST, "regenerate": FLAG}),
    Endpoint("DELETE", _T, _TOKENS, delete_token),
)

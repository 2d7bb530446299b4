"""What the firewall's endpoints do, for each level alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from homelab.lab.api.endpoint import Call, given
from homelab.lab.api.firewall.parameters import CIDR, COMMENT, RULE_FIELDS
from homelab.lab.api.rights import Privilege
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.node.context import Context
from homelab.lab.state import firewall
from homelab.lab.state.firewall import Firewall, Row
from homelab.pve.schema import FLAG, Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of PVE's firewall: the cluster, a node, a guest, or a security group."""

    path: str
    read: Privilege
    write: Privilege
    scope: Callable[[Context, Call], str]
    options: Mapping[str, Parameter]
    log: Privilege | None = None


class _Handlers:
    def __init__(self, level: Level) -> None:
        self._level = level

    def _read(self, context: Context, call: Call) -> Firewall:
        return firewall.read(context.state, self._level.scope(context, call))

    def _changing(self, context: Context, call: Call) -> AbstractContextManager[Firewall]:
        return firewall.changing(context.state, self._level.scope(context, call))


class Rules(_Handlers):
    """The handlers for the rules of a level."""

    def listing(self, context: Context, call: Call) -> object:
        return firewall.shown_rules(self._read(context, call).rules)

    def show(self, context: Context, call: Call) -> object:
        found = self._read(context, call)
        position = call.args.integer("pos")
        firewall.rule_at(found.rules, position)
        return firewall.shown_rules(found.rules)[position]

    def create(self, context: Context, call: Call) -> None:
        """A new rule goes to the top, whatever position is asked for, as on PVE."""
        with self._changing(context, call) as found:
            firewall.check_digest(found.rules, call.args.text("digest"))
            found.rules.insert(0, {"enable": 0, **given(call.args, RULE_FIELDS)})
            _check_rule(context, found.rules[0])

    def update(self, context: Context, call: Call) -> None:
        args = call.args
        position = args.integer("pos")
        with self._changing(context, call) as found:
            firewall.check_digest(found.rules, args.text("digest"))
            rule = firewall.rule_at(found.rules, position)
            if "moveto" in args and (place := args.integer("moveto")) != position:
                del found.rules[position]
                # The place is one in the list as it was, with the rule.
                found.rules.insert(place - 1 if place > position else place, rule)
                return
            rule.update(given(args, RULE_FIELDS))
            for name in args.words("delete"):
                rule.pop(name, None)
            _check_rule(context, rule)

    def remove(self, context: Context, call: Call) -> None:
        position = call.args.integer("pos")
        with self._changing(context, call) as found:
            firewall.check_digest(found.rules, call.args.text("digest"))
            firewall.rule_at(found.rules, position)
            del found.rules[position]


def _check_rule(context: Context, rule: Row) -> None:
    if rule.get("type") == "group" and rule.get("action") not in firewall.groups(context.state):
        raise invalid("action", f"no such security group '{rule.get('action')}'")


class Aliases(_Handlers):
    """The handlers for the aliases of a level."""

    def listing(self, context: Context, call: Call) -> object:
        found = self._read(context, call)
        digest = firewall.digest_of(found.aliases)
        return [{**_alias(found, name), "digest": digest} for name in sorted(found.aliases)]

    def show(self, context: Context, call: Call) -> object:
        return _alias(self._read(context, call), call.args.text("name"))

    def create(self, context: Context, call: Call) -> None:
        name = call.args.text("name")
        with self._changing(context, call) as found:
            if name in found.aliases:
                raise invalid("name", f"alias '{name}' already exists")
            found.aliases[name] = given(call.args, {"cidr": CIDR, "comment": COMMENT})

    def update(self, context: Context, call: Call) -> None:
        name = call.args.text("name")
        with self._changing(context, call) as found:
            firewall.check_digest(found.aliases, call.args.text("digest"))
            _alias(found, name)
            value = given(call.args, {"cidr": CIDR, "comment": COMMENT})
            renamed = call.args.text("rename", name)
            if renamed != name and renamed in found.aliases:
                raise invalid("rename", f"alias '{renamed}' already exists")
            del found.aliases[name]
            found.aliases[renamed] = value

    def remove(self, context: Context, call: Call) -> None:
        with self._changing(context, call) as found:
            firewall.check_digest(found.aliases, call.args.text("digest"))
            found.aliases.pop(call.args.text("name"), None)


def _alias(found: Firewall, name: str) -> Row:
    if name not in found.aliases:
        raise invalid("name", f"no such alias '{name}'")
    cidr = str(found.aliases[name]["cidr"])
    return {"name": name, **found.aliases[name], "ipversion": 6 if ":" in cidr else 4}


class Sets(_Handlers):
    """The handlers for the IP sets of a level."""

    def listing(self, context: Context, call: Call) -> object:
        found = self._read(context, call)
        digest = firewall.digest_of(found.ipsets)
        return [
            {"name": name, "digest": digest, **_commented(found.ipsets[name])}
            for name in sorted(found.ipsets)
        ]

    def create(self, context: Context, call: Call) -> None:
        args = call.args
        name, renamed = args.text("name"), args.text("rename")
        with self._changing(context, call) as found:
            firewall.check_digest(found.ipsets, args.text("digest"))
            if renamed:
                if renamed not in found.ipsets:
                    raise invalid("rename", f"IPSet '{renamed}' does not exist")
                if name != renamed and name in found.ipsets:
                    raise invalid("name", f"IPSet '{name}' does already exist")
                known = found.ipsets.pop(renamed)
                found.ipsets[name] = {**known, **given(args, {"comment": COMMENT})}
            elif name in found.ipsets:
                raise invalid("name", f"IPSet '{name}' already exists")
            else:
                found.ipsets[name] = {"entries": {}, **given(args, {"comment": COMMENT})}

    def remove(self, context: Context, call: Call) -> None:
        name = call.args.text("name")
        with self._changing(context, call) as found:
            if _entries(found, name) and not call.args.flag("force"):
                raise ApiFailureError(f"IPSet '{name}' is not empty")
            del found.ipsets[name]

    def entries(self, context: Context, call: Call) -> object:
        found = self._read(context, call)
        entries = _entries(found, call.args.text("name"))
        digest = firewall.digest_of(entries)
        return [{"cidr": cidr, "digest": digest, **entries[cidr]} for cidr in sorted(entries)]

    def entry(self, context: Context, call: Call) -> object:
        found = self._read(context, call)
        cidr = call.args.text("cidr")
        return {"cidr": cidr, **_entry(_entries(found, call.args.text("name")), cidr)}

    def add(self, context: Context, call: Call) -> None:
        cidr = call.args.text("cidr")
        with self._changing(context, call) as found:
            entries = _entries(found, call.args.text("name"))
            if cidr in entries:
                raise invalid("cidr", f"address '{cidr}' already exists")
            entries[cidr] = given(call.args, {"comment": COMMENT, "nomatch": FLAG})

    def change(self, context: Context, call: Call) -> None:
        cidr = call.args.text("cidr")
        with self._changing(context, call) as found:
            entries = _entries(found, call.args.text("name"))
            firewall.check_digest(entries, call.args.text("digest"))
            _entry(entries, cidr)
            entries[cidr] = given(call.args, {"comment": COMMENT, "nomatch": FLAG})

    def drop(self, context: Context, call: Call) -> None:
        with self._changing(context, call) as found:
            entries = _entries(found, call.args.text("name"))
            firewall.check_digest(entries, call.args.text("digest"))
            entries.pop(call.args.text("cidr"), None)


def _entries(found: Firewall, name: str) -> dict[str, Row]:
    if name not in found.ipsets:
        raise ApiFailureError(f"no such IPSet '{name}'")
    entries = found.ipsets[name]["entries"]
    if not isinstance(entries, dict):
        raise ApiFailureError(f"IPSet '{name}' is damaged")
    return entries


def _entry(entries: dict[str, Row], cidr: str) -> Row:
    if cidr not in entries:
        raise invalid("cidr", f"no such IP '{cidr}'")
    return entries[cidr]


def _commented(row: Row) -> Row:
    return {"comment": row["comment"]} if "comment" in row else {}


class Options(_Handlers):
    """The handlers for the options of a level, and what else it shows."""

    def show(self, context: Context, call: Call) -> object:
        found = self._read(context, call)
        return {**found.options, "digest": firewall.digest_of(found.options)}

    def update(self, context: Context, call: Call) -> None:
        with self._changing(context, call) as found:
            firewall.check_digest(found.options, call.args.text("digest"))
            found.options.update(given(call.args, self._level.options))
            for name in call.args.words("delete"):
                if name not in self._level.options:
                    raise invalid("delete", f"unknown option '{name}'")
                found.options.pop(name, None)

    def references(self, context: Context, call: Call) -> object:
        own, kind = self._level.scope(context, call), call.args.text("type")
        rows: list[Row] = []
        for scope, prefix in dict.fromkeys(((firewall.CLUSTER, "dc"), (own, "guest"))):
            if scope == firewall.CLUSTER and prefix == "guest":
                continue
            found = firewall.read(context.state, scope)
            if kind in {"", "alias"}:
                rows += [
                    {"type": "alias", "name": name, "ref": f"{prefix}/{name}", "scope": prefix}
                    for name in found.aliases
                ]
            if kind in {"", "ipset"}:
                rows += [
                    {"type": "ipset", "name": name, "ref": f"+{prefix}/{name}", "scope": prefix}
                    for name in found.ipsets
                ]
        return rows

    def log(self, context: Context, call: Call) -> object:
        """Nothing is filtered here, so that there is nothing to read."""
        self._level.scope(context, call)
        return [{"n": 1, "t": "no content"}]

    def index(self, context: Context, call: Call) -> object:
        self._level.scope(context, call)
        return [{"name": name} for name in ("aliases", "ipset", "log", "options", "refs", "rules")]

"""A guest's configuration: its options, what is pending, its file form and its digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Self
from urllib.parse import unquote

from homelab.errors import HomelabError
from homelab.pve import formats
from homelab.pve.guest_options import OPTIONS
from homelab.pve.schema import Parameter, convert, printable

_PENDING = "[pve:pending]"
INTERNAL: Mapping[str, Parameter] = {
    "parent": Parameter(max_length=40, pattern=r"[A-Za-z][A-Za-z0-9_\-]+"),
    "snapstate": Parameter(enum=("prepare", "delete")),
}
"""What a configuration has besides its options; no request sets it."""
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\uffff%]")
_SHORT = 200
_INDEXED = re.compile(r"(net|mp|dev|unused)(\d+)")


def _encode(line: str) -> str:
    return _UNSAFE.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), line)


def index_of(option: str, kind: str) -> int | None:
    """The number in an option's name (3 in mp3) when it is of that kind, else None."""
    match = _INDEXED.fullmatch(option)
    return int(match[2]) if match is not None and match[1] == kind else None


class UnwritableError(HomelabError, ValueError):
    """A configuration would read back as another one; it was not written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestConfig:
    """Options in their stored form; `pending` and `pending_delete` wait for the next start."""

    options: Mapping[str, str]
    pending: Mapping[str, str] = field(default_factory=dict)
    pending_delete: frozenset[str] = frozenset()

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read the file form."""
        options: dict[str, str] = {}
        pending: dict[str, str] = {}
        deleted: frozenset[str] = frozenset()
        target = options
        description: list[str] = []
        for line in text.split("\n"):
            if line == _PENDING:
                target = pending
                if description:
                    options["description"] = "".join(description)
                description = []
            elif line.startswith("#"):
                description.append(f"{unquote(line[1:])}\n")
            elif line:
                key, _, value = line.partition(": ")
                if key == "delete":
                    deleted = frozenset(value.split(","))
                else:
                    target[key] = value
        if description:
            target["description"] = "".join(description)
        return cls(options=options, pending=pending, pending_delete=deleted)

    def to_text(self) -> str:
        """The file form: description as comments, then the options, sorted.

        It is for showing and for digests; what is kept is written by `to_stored`.
        """
        lines = list(_section(self.options))
        if self.pending or self.pending_delete:
            lines += ["", _PENDING]
            pending = dict(self.pending)
            if self.pending_delete:
                pending["delete"] = ",".join(sorted(self.pending_delete))
            lines += _section(pending)
        return "\n".join(lines) + "\n"

    def to_stored(self) -> str:
        """The file form, of which it is certain that it reads back as this configuration.

        Raises:
            UnwritableError: it does not; names the options.
        """
        try:
            text = self.to_text()
            read = self.from_text(text.encode().decode())
        except UnicodeEncodeError as error:
            raise UnwritableError("the configuration is no valid UTF-8") from error
        if read != self:
            ours, theirs = ({**config.pending, **config.options} for config in (self, read))
            names = ", ".join(sorted({repr(name) for name, _ in ours.items() ^ theirs.items()}))
            raise UnwritableError(f"the configuration would read back as another one: {names}")
        return text

    @classmethod
    def from_stored(cls, text: str) -> tuple[Self, str | None]:
        """Read what was kept, and say what of it is damaged; None when nothing is.

        Of a damaged configuration only the options are there that are well formed.
        """
        found = cls.from_text(text)
        problems = {
            name: problem
            for options in (found.options, found.pending)
            for name, value in options.items()
            if (problem := _known_problem(name, value)) is not None
        }
        unknown = found.pending_delete - OPTIONS.keys()
        problems |= dict.fromkeys(unknown, "unknown option")
        if not problems:
            return found, None
        read = cls(
            options={k: v for k, v in found.options.items() if k not in problems},
            pending={k: v for k, v in found.pending.items() if k not in problems},
            pending_delete=found.pending_delete - unknown,
        )
        name, problem = min((printable(name), problem) for name, problem in problems.items())
        return read, f"unable to parse value of '{name}' - {problem}"

    @property
    def digest(self) -> str:
        """SHA-1 of the file form, which clients send back to detect concurrent changes."""
        return hashlib.sha1(self.to_text().encode(), usedforsecurity=False).hexdigest()

    def changed(self, values: Mapping[str, str], *, delete: Iterable[str] = ()) -> GuestConfig:
        """The configuration with options set and removed at once, without pending."""
        gone = frozenset(delete)
        options = {key: value for key, value in self.options.items() if key not in gone}
        return replace(self, options={**options, **values})

    def reverted(self, names: Iterable[str]) -> GuestConfig:
        """The configuration without what is pending for those options."""
        gone = frozenset(names)
        return replace(
            self,
            pending={key: value for key, value in self.pending.items() if key not in gone},
            pending_delete=self.pending_delete - gone,
        )

    def with_pending_applied(self) -> GuestConfig:
        """What the next start makes of it."""
        merged = self.changed(self.pending, delete=self.pending_delete)
        return replace(merged, pending={}, pending_delete=frozenset())

    def without_idle_pending(self) -> GuestConfig:
        """Drop pending entries that would change nothing."""
        return replace(
            self,
            pending={k: v for k, v in self.pending.items() if self.options.get(k) != v},
            pending_delete=frozenset(k for k in self.pending_delete if k in self.options),
        )

    def to_api(self) -> dict[str, object]:
        """The current values with PVE's JSON types, and the digest."""
        return {
            **{key: to_json(key, value) for key, value in self.options.items()},
            "digest": self.digest,
        }

    def pending_api(self) -> dict[str, object]:
        """The values as they will be after the next start, and the digest."""
        return {**self.with_pending_applied().to_api(), "digest": self.digest}

    def pending_list(self) -> list[dict[str, object]]:
        """Every option with its current and its pending value, as L/pending shows them."""
        rows: list[dict[str, object]] = []
        for key in sorted({*self.options, *self.pending}):
            row: dict[str, object] = {"key": key}
            if key in self.options:
                row["value"] = to_json(key, self.options[key])
            if key in self.pending:
                row["pending"] = to_json(key, self.pending[key])
            if key in self.pending_delete:
                row["delete"] = 1
            rows.append(row)
        return [*rows, {"key": "digest", "value": self.digest}]

    def flag(self, option: str) -> bool:
        """A boolean option."""
        return self.options.get(option) == "1"

    def nets(self) -> dict[int, dict[str, str]]:
        """The network interfaces by number."""
        return {number: formats.NET.parse(value) for number, value in _indexed(self.options, "net")}

    def mount_points(self) -> dict[int, dict[str, str]]:
        """The mount points by number, without the root file system."""
        return {
            number: formats.MOUNT_POINT.parse(value)
            for number, value in _indexed(self.options, "mp")
        }

    def rootfs(self) -> dict[str, str] | None:
        """The root file system, when there is one yet."""
        value = self.options.get("rootfs")
        return None if value is None else formats.ROOTFS.parse(value)

    def volumes(self) -> tuple[str, ...]:
        """The ids of all volumes that belong to the guest, unused ones and pending ones too."""
        found: list[str] = []
        for options in (self.options, self.pending):
            for key, value in options.items():
                kind = _INDEXED.fullmatch(key)
                if key == "rootfs" or (kind is not None and kind[1] in {"mp", "unused"}):
                    found.append(value.partition(",")[0])
        return tuple(dict.fromkeys(found))


def _known_problem(name: str, value: str) -> str | None:
    """The same for a value that is like one before, as most are; long ones are not remembered."""
    return (_remembered if len(value) <= _SHORT else _problem)(name, value)


def _problem(name: str, value: str) -> str | None:
    """Why a value is none that is kept under a name."""
    parameter = OPTIONS.get(name) or INTERNAL.get(name)
    if parameter is None:
        return "unknown option"
    try:
        convert(value.removesuffix("\n") if name == "description" else value, parameter)
        if index_of(name, "net") is not None and "hwaddr" not in formats.NET.parse(value):
            return "no hwaddr"
    except ValueError as error:
        return str(error).strip()
    return None


_remembered = lru_cache(maxsize=4096)(_problem)


def to_json(option: str, value: str) -> object:
    """A value with the type that PVE's JSON has: whole numbers and booleans are numbers."""
    parameter = OPTIONS.get(option)
    if parameter is not None and parameter.type in {"integer", "boolean"}:
        return int(value)
    return value


def _indexed(options: Mapping[str, str], kind: str) -> Iterator[tuple[int, str]]:
    found = ((index_of(key, kind), value) for key, value in options.items())
    return iter(sorted((number, value) for number, value in found if number is not None))


def _section(options: Mapping[str, str]) -> Iterator[str]:
    if options.get("description"):
        for line in options["description"].removesuffix("\n").split("\n"):
            yield f"#{_encode(line)}"
    for key in sorted(options):
        if key != "description":
            yield f"{key}: {options[key]}"

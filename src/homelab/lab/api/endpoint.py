"""One endpoint of the API as data, and what its handler is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Literal, Self

from homelab.lab.access.tickets import Caller
from homelab.lab.api.rights import Permission
from homelab.lab.node.context import Context
from homelab.pve.schema import Arguments, Parameter

Method = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, authenticated and verified."""

    caller: Caller
    args: Arguments
    """Path, query and body parameters together."""
    upload: Path | None = None
    """A file that came with the request; who wants it moves it away before the reply."""
    peer: str = ""
    """The address that the request came from."""

    @property
    def vmid(self) -> int:
        """The guest that the path names."""
        return self.args.integer("vmid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list, and how long the whole is."""

    items: Sequence[object]
    total: int

    @classmethod
    def of_log(cls, lines: Sequence[str], args: Arguments) -> Self:
        """The part of a log that `start` and `limit` ask for; a limit of 0 is none."""
        start, limit = args.integer("start"), args.integer("limit", 50)
        end = None if limit == 0 else start + limit
        rows = [{"n": n, "t": line} for n, line in enumerate(lines[start:end], start=start + 1)]
        return cls(items=rows or [{"n": 1, "t": "no content"}], total=len(lines))


@dataclass(frozen=True, slots=True)
class Encoded:
    """A whole reply that is JSON already."""

    body: bytes


Handler = Callable[[Context, Call], object]
"""Returns what goes into `data`: a task as its `Upid`; a `Page` also sets `total`, and an
`Encoded` is the reply itself."""


def index(key: str, *names: str) -> Handler:
    """A handler that lists what is below its path; without names, that there is nothing."""
    return lambda _context, _call: [{key: name} for name in names]


EMPTY = index("")


def given(args: Arguments, names: Mapping[str, Parameter]) -> dict[str, object]:
    """Those of the arguments that are given, as they are kept: numbers and flags as integers."""
    return {
        name: args.integer(name) if parameter.type in {"integer", "boolean"} else args.text(name)
        for name, parameter in names.items()
        if name in args
    }


def each(parameter: Parameter, *names: str) -> dict[str, Parameter]:
    """Several parameters of one kind."""
    return dict.fromkeys(names, parameter)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row of the API's table."""

    method: Method
    path: str
    """Such as /nodes/{node}/lxc/{vmid}; `{name*}` takes the rest of the path."""
    permission: Permission
    handler: Handler
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    """Query and body parameters, by name."""
    _: KW_ONLY
    tickets_only: bool = False
    """Whether API tokens are refused."""
    quick: bool = False
    """Whether it only reads, and of that only what takes no time."""
    stored_only: bool = False
    """Whether what is set here is kept and shown, and has no effect in the lab yet."""
    takes_file: bool = False
    """Whether a file may come with it, as a multipart body; that needs no CSRF token, as on PVE."""

"""What clients asked for: one JSON object per request, without parameters, so without secrets."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self
from urllib.parse import unquote

from homelab.errors import ConfigurationError
from homelab.lab.api.router import Router
from homelab.lab.api.table import ENDPOINTS

_PREFIX = "/api2/json"
_LONGEST = 1024
"""Of what a client wrote into its request."""
_MOST_REFUSED = 10_000
"""Refused logins that are noted; those who have logged in have no such end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request and how it was answered."""

    time: float
    """Seconds since the epoch, at the end of the request."""
    seconds: float
    """How long it took."""
    method: str
    path: str
    """As it was sent, without the query."""
    status: int
    """0 where the connection was closed without a reply."""
    reason: str
    agent: str
    """What the client calls itself; empty where it says nothing."""


class RequestLog:
    """Appends to a file; a line is in the file before its reply is sent."""

    def __init__(self, path: Path) -> None:
        """Open or create the file, readable by its owner alone.

        Raises:
            ConfigurationError: it can't be written.
        """
        self._refused = 0
        try:
            path.touch(mode=0o600)
            self._file = path.open("a", encoding="utf-8", buffering=1)
        except OSError as error:
            raise ConfigurationError(
                f"can't write requests to {path}: {error.strerror}",
                hint="give --request-log a file in a directory that exists",
            ) from error

    def add(
        self, method: str, path: str, *, status: int, reason: str, agent: str, seconds: float
    ) -> None:
        """Note a request that is about to be answered; of refused logins a limited number."""
        if status == 401:
            self._refused += 1
            if self._refused > _MOST_REFUSED:
                return
        entry = Entry(
            time=round(time.time(), 3),
            seconds=round(seconds, 6),
            method=method[:_LONGEST],
            path=path[:_LONGEST],
            status=status,
            reason=reason[:_LONGEST],
            agent=agent[:_LONGEST],
        )
        self._file.write(json.dumps(asdict(entry)) + "\n")

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def entries(path: Path, *, start: int = 0) -> Iterator[Entry]:
    """The requests in a log, from its line `start` on."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file):
            if number >= start:
                yield Entry(**json.loads(line))


def driven(path: Path, *, start: int = 0) -> frozenset[tuple[str, str]]:
    """The endpoints, as method and path of the table, that were answered without an error."""
    router = Router(ENDPOINTS)
    found: set[tuple[str, str]] = set()
    for entry in entries(path, start=start):
        if entry.status != 200 or not entry.path.startswith(_PREFIX):
            continue
        endpoint = router.find(entry.method, unquote(entry.path).removeprefix(_PREFIX))
        if endpoint is not None:
            found.add((endpoint[0].method, endpoint[0].path))
    return frozenset(found)

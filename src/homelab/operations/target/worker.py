"""Who works: the user, machine and process, in the form in which others are told of it."""

from __future__ import annotations

import os
import pwd
import re
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

_PRINTABLE = re.compile(r"[^!-~]+")
_NAME = re.compile(r"homelab(?: (?P<doing>[a-z]+))? (?P<who>\S+)@(?P<host>\S+) pid (?P<pid>\d+)$")
_USER, _HOST = 12, 20
"""PostgreSQL cuts an application name after 63 bytes; user and host get this many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process that works on a target; `doing` is an operation's name, such as deploy."""

    user: str
    host: str
    pid: int
    doing: str | None = None

    def application_name(self, doing: str | None = None) -> str:
        """The name under which its database sessions are known."""
        words = ("homelab", doing or self.doing, f"{self.user}@{self.host}", "pid", str(self.pid))
        return " ".join(word for word in words if word)

    @classmethod
    def parse(cls, application_name: str) -> Self | None:
        """The worker behind a session's name; None where it is not one of ours."""
        match = _NAME.match(application_name)
        if match is None:
            return None
        return cls(
            user=match["who"], host=match["host"], pid=int(match["pid"]), doing=match["doing"]
        )

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this machine, as far as the machine's name tells."""
        return self.host == _this_host()

    def __str__(self) -> str:
        doing = f" ({self.doing})" if self.doing else ""
        return f"{self.user}@{self.host}, process {self.pid}{doing}"


def this_process() -> Worker:
    uid = os.geteuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    return Worker(user=_short(user, _USER), host=_this_host(), pid=os.getpid())


def ago(since: datetime, *, now: datetime | None = None) -> str:
    """How long ago something began, such as `3 min 20 s ago`."""
    seconds = max(0, int(((now or datetime.now(UTC)) - since).total_seconds()))
    if seconds < 60:
        return f"{seconds} s ago"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s ago"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min ago"


def _this_host() -> str:
    return _short(socket.gethostname(), _HOST)


def _short(text: str, length: int) -> str:
    return _PRINTABLE.sub("?", text)[:length] or "?"

"""UPIDs, the names of PVE's tasks: `UPID:node:pid:pstart:starttime:type:id:user:`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from homelab.errors import HomelabError

_FIELD = r"[^:\s/\x00-\x1f\x7f-\x9f]"
_PATTERN = re.compile(
    r"UPID:(?P<node>[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)"
    r":(?P<pid>[0-9A-Fa-f]{8}):(?P<pstart>[0-9A-Fa-f]{8,9}):(?P<starttime>[0-9A-Fa-f]{8})"
    rf":(?P<type>{_FIELD}+):(?P<id>{_FIELD}*):(?P<user>{_FIELD}+):"
)


class UpidError(HomelabError, ValueError):
    """A text is no UPID; the message is PVE's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upid:
    """One task's name in its parts; `user` is the bare user, `tokenid` the token it used, if any."""

    node: str
    pid: int
    pstart: int
    starttime: int
    """Seconds since the epoch."""
    type: str
    """Such as vzcreate or vzstart."""
    id: str
    """Usually a vmid; may be empty."""
    user: str
    tokenid: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a UPID.

        Raises:
            UpidError: not a UPID.
        """
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise UpidError(f"unable to parse worker upid '{text}'")
        user, _, tokenid = match["user"].partition("!")
        return cls(
            node=match["node"],
            pid=int(match["pid"], 16),
            pstart=int(match["pstart"], 16),
            starttime=int(match["starttime"], 16),
            type=match["type"],
            id=match["id"],
            user=user,
            tokenid=tokenid or None,
        )

    def __str__(self) -> str:
        user = self.user if self.tokenid is None else f"{self.user}!{self.tokenid}"
        return (
            f"UPID:{self.node}:{self.pid:08X}:{self.pstart:08X}:{self.starttime:08X}"
            f":{self.type}:{self.id}:{user}:"
        )

"""What one client may hold of the server, and for how long.

The budget that follows from it, whatever clients do:

- descriptors: `connections`, one for each upload among them, and fewer than 100 of the server's own;
  below the 1,024 that a process has by default;
- memory before a login: 64 MiB, for `strangers` connections with what each may send and what Python
  sets aside for TLS, and for those that just ended;
- memory after it: 1 MiB for each of the `of_one_user` connections of a user who means harm, and the
  replies that he asked for;
- disk: files that come in are counted before their first byte, and leave `spare_bytes` free;
- threads: `threads`, of which no user holds more than are left for others.
"""

from __future__ import annotations

from dataclasses import dataclass

_KIB = 1 << 10
_MIB = 1 << 20
_GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Numbers, bytes, and times in seconds; what they bound is ended, or refused."""

    connections: int = 400
    """Of everybody together; the longest idle one gives way to a new one."""
    strangers: int = 128
    """Connections on which nobody has logged in; the oldest of the address that has most of them
    gives way to a new one."""
    strangers_of_one_address: int = 96
    of_one_user: int = 64
    """Connections of one user; the longest idle one gives way."""

    handshake_seconds: float = 30.0
    """From the connection to its first request's first byte, TLS included."""
    head_seconds: float = 30.0
    """From the first byte of a request to the last one of its head."""
    idle_seconds: float = 75.0
    """Between two requests."""
    body_seconds: float = 30.0
    """For a request's body, and a second more for each `body_rate` bytes of it."""
    body_rate: int = 16 * _KIB
    write_seconds: float = 30.0
    """As long as a client may read nothing of a reply that waits for it."""

    head_bytes: int = 32 * _KIB
    headers: int = 64
    """As in PVE."""
    line_bytes: int = 8190
    """Of the request line, and of each header."""
    body_bytes: int = 512 * _KIB
    stranger_body_bytes: int = 32 * _KIB
    """Of a body that comes before a login: the login itself."""
    upload_bytes: int = 16 * _GIB
    spare_bytes: int = 256 * _MIB
    """What files that come in leave free of the disk."""
    discarded_bytes: int = 256 * _KIB
    """Of a refused body, read so that the client gets to see the reply."""
    discard_seconds: float = 2.0

    threads: int = 64
    logins: int = 4
    """Threads on which strangers are answered; a login is what they may ask for."""

    failure_seconds: float = 3.0
    """From a request with a wrong login to its reply, as in PVE."""
    sweep_seconds: float = 0.5
    """How often times are looked at."""

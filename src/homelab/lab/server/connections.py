"""The connections that the server has: how many, whose, and until when each may go on."""

from __future__ import annotations

import asyncio
import gc
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable

from homelab.lab.server.limits import Limits

_MANY = 128
"""Connections that ended, whose memory is worth a look: much of it is in reference cycles."""


class Place:
    """One connection's place among them."""

    __slots__ = ("address", "busy", "deadline", "end", "since", "user")

    def __init__(self, address: str, *, end: Callable[[], object]) -> None:
        """`end` ends the connection, whatever state it is in."""
        self.address = address
        self.end = end
        self.user: str | None = None
        """Who has logged in on it."""
        self.busy = False
        """Whether a request is being answered."""
        self.since = time.monotonic()
        """When it last went idle."""
        self.deadline = math.inf

    def allow(self, seconds: float) -> None:
        """Let it go on for so long, and no longer."""
        self.deadline = time.monotonic() + seconds


class Connections:
    """Gives places, and takes them from those who hold them for nothing.

    A client that finishes its handshake and asks at once keeps its place, however many others only
    hold theirs: a place is taken from the oldest of those, of the address that has most.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._places: dict[Place, None] = {}
        """In the order in which they came."""
        self._strangers: Counter[str] = Counter()
        self._users: Counter[str] = Counter()
        self._ended = 0

    def __len__(self) -> int:
        return len(self._places)

    def enter(self, address: str, *, end: Callable[[], object]) -> Place | None:
        """A place for a new connection; None when all are taken by those who are being answered."""
        limits = self._limits
        if self._strangers[address] >= limits.strangers_of_one_address:
            self._end_oldest(p for p in self._places if p.user is None and p.address == address)
        elif self._strangers.total() >= limits.strangers:
            (most, _), *_ = self._strangers.most_common(1)
            self._end_oldest(p for p in self._places if p.user is None and p.address == most)
        if len(self._places) >= limits.connections and not self._end_oldest(
            p for p in self._places if not p.busy
        ):
            return None
        place = Place(address, end=end)
        place.allow(limits.handshake_seconds)
        self._places[place] = None
        self._strangers[address] += 1
        return place

    def know(self, place: Place, user: str) -> None:
        """Somebody has logged in on a connection."""
        if place not in self._places or place.user == user:
            return
        self._count(place, -1)
        if self._users[user] >= self._limits.of_one_user:
            self._end_oldest(p for p in self._places if p.user == user and not p.busy)
        place.user = user
        self._count(place, 1)

    def leave(self, place: Place) -> None:
        """A connection has ended."""
        if place in self._places:
            del self._places[place]
            self._count(place, -1)
            self._ended += 1

    async def watch(self) -> None:
        """End what is over its time, until this is cancelled."""
        while True:
            await asyncio.sleep(self._limits.sweep_seconds)
            now = time.monotonic()
            for place in [place for place in self._places if place.deadline < now]:
                self._end(place)
            if self._ended >= _MANY:
                self._ended = 0
                gc.collect()

    def _end_oldest(self, places: Iterable[Place]) -> bool:
        oldest = min(places, key=lambda place: place.since, default=None)
        if oldest is None:
            return False
        self._end(oldest)
        return True

    def _end(self, place: Place) -> None:
        self.leave(place)
        place.end()

    def _count(self, place: Place, change: int) -> None:
        counter, key = (
            (self._strangers, place.address) if place.user is None else (self._users, place.user)
        )
        counter[key] += change
        if counter[key] <= 0:
            del counter[key]

"""Whose turn it is: threads for requests that may block, shared among those who ask."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Gives threads to users, to each no more than it leaves for others.

    So one user's requests that wait for a guest keep nobody else from being answered, and two
    users' neither. Those of one user who has all of his wait, in their order.
    """

    def __init__(self, threads: int, *, strangers: int) -> None:
        """`strangers` threads at most are for those who have not logged in, all together."""
        self._free = threads
        self._strangers = strangers
        self._held: Counter[str] = Counter()
        self._waiting: deque[tuple[str, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def turn(self, user: str) -> AsyncIterator[None]:
        """A thread for a user; nobody's name is empty."""
        if self._may(user) and not any(waits == user for waits, _ in self._waiting):
            self._take(user)
        else:
            await self._wait(user)
        try:
            yield
        finally:
            self._give_back(user)

    def _may(self, user: str) -> bool:
        if not user and self._held[user] >= self._strangers:
            return False
        return self._held[user] < self._free

    def _take(self, user: str) -> None:
        self._free -= 1
        self._held[user] += 1

    async def _wait(self, user: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((user, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give_back(user)
            else:
                self._waiting.remove((user, turn))
            raise

    def _give_back(self, user: str) -> None:
        self._free += 1
        self._held[user] -= 1
        if not self._held[user]:
            del self._held[user]
        passed: set[str] = set()
        for waits, turn in tuple(self._waiting):
            if waits in passed or turn.done() or not self._may(waits):
                passed.add(waits)
                continue
            self._waiting.remove((waits, turn))
            self._take(waits)
            turn.set_result(None)

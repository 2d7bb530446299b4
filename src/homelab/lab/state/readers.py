"""Connections for reading the lab's state: as many as there are reads at one time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Readers:
    """Lends a connection to each read; none belongs to a thread, so none is left of one that ended."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """`connect` makes one more, and fails once they are to be closed."""
        self._connect = connect
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def lent(self) -> Iterator[sqlite3.Connection]:
        """A connection that nobody else uses in the block."""
        with self._lock:
            connection = self._idle.pop() if self._idle else self._connect()
        try:
            yield connection
        finally:
            with self._lock:
                if self._closed:
                    connection.close()
                else:
                    self._idle.append(connection)

    def close(self) -> None:
        """Close them; one that is lent is closed when it comes back."""
        with self._lock:
            self._closed = True
            while self._idle:
                self._idle.pop().close()

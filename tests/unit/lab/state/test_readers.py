from __future__ import annotations

import sqlite3

import pytest

from homelab.lab.state.readers import Readers


@pytest.fixture
def made() -> list[sqlite3.Connection]:
    return []


@pytest.fixture
def readers(made):
    def connect() -> sqlite3.Connection:
        made.append(sqlite3.connect(":memory:"))
        return made[-1]

    opened = Readers(connect)
    yield opened
    opened.close()


def _is_open(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return False
    return True


def test_there_are_as_many_as_reads_at_one_time(readers, made) -> None:
    for _ in range(3):
        with readers.lent() as one, readers.lent() as other:
            assert one is not other
    assert len(made) == 2


def test_an_error_gives_the_connection_back(readers, made) -> None:
    with pytest.raises(ZeroDivisionError), readers.lent():
        raise ZeroDivisionError
    with readers.lent():
        pass
    assert len(made) == 1


def test_one_that_is_lent_is_closed_when_it_comes_back(readers, made) -> None:
    with readers.lent() as lent:
        with readers.lent() as idle:
            pass
        readers.close()
        assert (_is_open(idle), _is_open(lent)) == (False, True)
    assert not _is_open(lent)
    assert len(made) == 2

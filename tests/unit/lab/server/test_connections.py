from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.server.connections import Connections, Place
from homelab.lab.server.limits import Limits

LIMITS = Limits(
    connections=10,
    strangers=6,
    strangers_of_one_address=4,
    of_one_user=3,
    handshake_seconds=0.01,
    sweep_seconds=0.01,
)


class Clients:
    """Clients of some connections, by name; those whose connection was ended are noted."""

    def __init__(self) -> None:
        self.connections = Connections(LIMITS)
        self.ended: list[str] = []
        self.places: dict[str, Place] = {}

    def come(self, name: str, *, address: str = "a") -> bool:
        place = self.connections.enter(address, end=lambda: self.ended.append(name))
        if place is not None:
            self.places[name] = place
        return place is not None


@pytest.fixture
def clients() -> Clients:
    return Clients()


def test_the_oldest_stranger_of_an_address_gives_way_to_its_next(clients: Clients) -> None:
    assert all(clients.come(str(number)) for number in range(6))
    assert clients.ended == ["0", "1"]
    assert clients.come("other", address="b")
    assert clients.ended == ["0", "1"]


def test_of_all_strangers_the_address_that_has_most_gives_way(clients: Clients) -> None:
    for number in range(4):
        clients.come(f"a{number}")
    for name in ("b", "c", "d"):
        assert clients.come(name, address=name)
    assert clients.ended == ["a0"]


def test_who_has_logged_in_is_no_stranger(clients: Clients) -> None:
    clients.come("user")
    clients.connections.know(clients.places["user"], "ann")
    for number in range(20):
        clients.come(str(number))
    assert "user" not in clients.ended


def test_of_one_user_the_idle_connections_give_way(clients: Clients) -> None:
    for number in range(5):
        clients.come(str(number))
        clients.places[str(number)].busy = number == 0
        clients.connections.know(clients.places[str(number)], "ann")
    assert clients.ended == ["1", "2"]


def test_a_busy_connection_gives_way_to_nobody(clients: Clients) -> None:
    for number in range(10):
        clients.come(str(number))
        clients.connections.know(clients.places[str(number)], f"user{number}")
        clients.places[str(number)].busy = True
    assert not clients.come("late")
    assert clients.ended == []
    clients.places["3"].busy = False
    assert clients.come("late")
    assert clients.ended == ["3"]


def test_what_is_over_its_time_is_ended(clients: Clients) -> None:
    async def run() -> None:
        watch = asyncio.ensure_future(clients.connections.watch())
        ended = asyncio.Event()
        assert clients.connections.enter("a", end=ended.set) is not None
        clients.come("quick")
        clients.places["quick"].allow(10)
        await asyncio.wait_for(ended.wait(), 5)
        watch.cancel()

    asyncio.run(run())
    assert clients.ended == []
    assert len(clients.connections) == 1


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["come", "know", "busy", "leave"]),
        st.sampled_from("abc"),
        st.integers(0, 9),
    ),
    max_size=80,
)


@given(STEPS)
def test_the_numbers_hold_whatever_happens(steps: list[tuple[str, str, int]]) -> None:
    clients = Clients()
    for number, (what, who, which) in enumerate(steps):
        names = [name for name in clients.places if name not in clients.ended]
        if what == "come":
            clients.come(str(number), address=who)
        elif names:
            place = clients.places[names[which % len(names)]]
            if what == "know":
                clients.connections.know(place, who)
            elif what == "busy":
                place.busy = not place.busy
            else:
                clients.connections.leave(place)
                clients.ended.append(names[which % len(names)])
        open_ = [place for name, place in clients.places.items() if name not in clients.ended]
        assert len(open_) == len(clients.connections) <= LIMITS.connections
        assert sum(place.user is None for place in open_) <= LIMITS.strangers
    assert len(clients.ended) == len(set(clients.ended))

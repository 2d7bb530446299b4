from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.server.turns import Turns


async def held(turns: Turns, user: str, count: int) -> list[asyncio.Task[None]]:
    """Tasks that ask for a turn and keep it until they are cancelled."""

    async def hold() -> None:
        async with turns.turn(user):
            await asyncio.Event().wait()

    tasks = [asyncio.ensure_future(hold()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def has_turn(turns: Turns, user: str) -> bool:
    """Whether a user gets a turn at once."""
    try:
        async with asyncio.timeout(0.01), turns.turn(user):
            return True
    except TimeoutError:
        return False


async def end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("count", [4, 5, 100])
def test_no_user_takes_what_others_need(count: int) -> None:
    async def run() -> None:
        turns = Turns(8, strangers=2)
        ann = await held(turns, "ann", count)
        assert not await has_turn(turns, "ann")
        bob = await held(turns, "bob", count)
        assert not await has_turn(turns, "bob")
        assert await has_turn(turns, "eve")
        await end([*ann, *bob])
        assert await has_turn(turns, "ann")

    asyncio.run(run())


def test_strangers_have_their_own_share() -> None:
    async def run() -> None:
        turns = Turns(8, strangers=2)
        strangers = await held(turns, "", 10)
        assert not await has_turn(turns, "")
        ann = await held(turns, "ann", 3)
        assert len(asyncio.all_tasks()) == 14
        await end(strangers + ann)

    asyncio.run(run())


def test_who_waits_goes_on_in_order() -> None:
    async def run() -> None:
        turns = Turns(2, strangers=1)
        order: list[int] = []

        async def ask(number: int) -> None:
            async with turns.turn("ann"):
                order.append(number)

        async with AsyncExitStack() as stack:
            await stack.enter_async_context(turns.turn("ann"))
            tasks = [asyncio.ensure_future(ask(number)) for number in range(5)]
            await asyncio.sleep(0)
            assert order == []
        await asyncio.gather(*tasks)
        assert order == list(range(5))

    asyncio.run(run())


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.booleans()), max_size=40))
def test_turns_come_back_however_they_end(steps: list[tuple[str, bool]]) -> None:
    async def run() -> None:
        turns = Turns(8, strangers=2)
        tasks: list[asyncio.Task[None]] = []
        for user, ends_one in steps:
            tasks += await held(turns, user, 1)
            if ends_one:
                await end([tasks.pop(0)])
        await end(tasks)
        again = await held(turns, "a", 4)
        assert await has_turn(turns, "b")
        await end(again)

    asyncio.run(run())

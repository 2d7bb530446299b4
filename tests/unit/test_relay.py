from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.relay import Relay

_LONG = 10.0
"""Seconds after which a test that stands still has failed."""


def _spread(relay: Relay[tuple[int, int]], threads: int, each: int) -> None:
    """Have several threads say `each` things."""

    def speak(number: int) -> None:
        for count in range(each):
            relay((number, count))

    speakers = [threading.Thread(target=speak, args=(number,)) for number in range(threads)]
    for speaker in speakers:
        speaker.start()
    for speaker in speakers:
        speaker.join()


def test_all_is_heard_on_one_thread_and_in_order() -> None:
    heard: list[tuple[int, int]] = []
    ears: set[int] = set()

    def listen(item: tuple[int, int]) -> None:
        ears.add(threading.get_ident())
        heard.append(item)

    with Relay(listen) as relay:
        _spread(relay, 4, 500)

    assert len(heard) == 2000
    assert len(ears) == 1
    assert ears.isdisjoint({threading.get_ident()})
    for number in range(4):
        assert [count for who, count in heard if who == number] == list(range(500))


def test_speakers_never_wait_for_the_listener() -> None:
    gate = threading.Event()
    lock = threading.Lock()
    heard: list[int] = []

    def listen(item: int) -> None:
        gate.wait(_LONG)
        with lock:  # what the speaker holds while it speaks
            heard.append(item)

    with Relay(listen) as relay:
        with lock:
            for number in range(1000):
                relay(number)
        assert heard == []
        gate.set()

    assert heard == list(range(1000))


@given(st.lists(st.integers(), max_size=30), st.integers(0, 29))
def test_an_error_ends_the_listening_alone(items: list[int], bad: int) -> None:
    heard: list[int] = []

    def listen(item: int) -> None:
        if len(heard) == bad:
            raise ValueError(item)
        heard.append(item)

    def speak() -> None:
        with Relay(listen) as relay:
            for item in items:
                relay(item)

    if bad < len(items):
        with pytest.raises(ValueError, match=str(items[bad])):
            speak()
    else:
        speak()
    assert heard == items[:bad]


def test_an_error_of_the_block_comes_first(caplog: pytest.LogCaptureFixture) -> None:
    def listen(item: int) -> None:
        raise ValueError(item)

    def speak() -> None:
        with Relay(listen) as relay:
            relay(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        speak()
    assert "a listener failed: ValueError(1)" in caplog.text


def test_it_ticks_between_items_and_without_any() -> None:
    ticked = threading.Semaphore(0)
    enough = threading.Event()

    with Relay(lambda _item: None, tick=ticked.release, interval=0.001) as relay:
        assert ticked.acquire(timeout=_LONG)

        def speak() -> None:
            while not enough.is_set():
                relay("again")

        speaker = threading.Thread(target=speak)
        speaker.start()
        heard = [ticked.acquire(timeout=_LONG) for _ in range(20)]
        enough.set()
        speaker.join()

    assert all(heard)


def test_what_was_said_before_it_listens_is_heard() -> None:
    heard: list[int] = []
    relay: Relay[int] = Relay(heard.append)
    relay(1)

    with relay:
        relay(2)

    assert heard == [1, 2]

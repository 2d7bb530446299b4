"""Entering a real network namespace. Needs root and util-linux's unshare."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homelab import netns, process

if TYPE_CHECKING:
    from collections.abc import Iterator


def _own() -> str:
    return str(Path("/proc/thread-self/ns/net").readlink())


@pytest.fixture
def namespace() -> Iterator[Path]:
    """An empty network namespace, held by a process that ends with the test."""
    before = _own()
    with subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        path = Path(f"/proc/{holder.pid}/ns/net")
        assert str(path.readlink()) != before
        yield path
        holder.kill()


def test_body_is_inside_and_the_thread_comes_back(namespace: Path) -> None:
    before = _own()

    with netns.inside(namespace):
        assert _own() == str(namespace.readlink())

    assert _own() == before


def test_thread_comes_back_after_an_error(namespace: Path) -> None:
    before = _own()

    with pytest.raises(ValueError, match="odd"), netns.inside(namespace):
        raise ValueError("odd")

    assert _own() == before


def test_programs_started_inside_see_its_interfaces_alone(namespace: Path) -> None:
    with netns.inside(namespace):
        done = process.run(["ip", "-brief", "link"])

    assert [line.split()[0] for line in done.stdout.splitlines()] == ["lo"]


def test_other_threads_stay_where_they_are(namespace: Path) -> None:
    before = _own()
    entered, seen = threading.Event(), threading.Event()

    def visit() -> None:
        with netns.inside(namespace):
            entered.set()
            seen.wait(10)

    thread = threading.Thread(target=visit)
    thread.start()
    try:
        assert entered.wait(10)
        assert _own() == before
    finally:
        seen.set()
        thread.join()

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from homelab.errors import CapabilityError, ConfigurationError
from homelab.lab.runtime import RuntimeKind
from homelab.lab.runtimes import choice
from homelab.lab.runtimes.memory import MemoryRuntime
from homelab.lab.state.database import State
from homelab.pve.guest_config import GuestConfig


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch):
    """Makes this machine one that has root and programs, or lacks them."""

    def make(*absent: str, root: bool = True) -> None:
        monkeypatch.setattr(choice.os, "geteuid", lambda: 0 if root else 1000)
        monkeypatch.setattr(
            choice, "find_program", lambda name: None if name in absent else f"/bin/{name}"
        )

    return make


@pytest.fixture
def kept(tmp_path: Path):
    """A state with a container of the memory runtime."""
    with closing(State(tmp_path / "lab.db")) as state:
        with state.transaction() as transaction:
            transaction.put_meta(choice.RUNTIME_KEY, "memory")
            transaction.add_guest(100, GuestConfig(options={}))
        yield state


def test_what_can_run_containers_runs_them(able) -> None:
    able()
    assert choice.choose("auto", None) == (RuntimeKind.LXC, ())


@pytest.mark.parametrize(
    ("absent", "root", "why"),
    [((), False, "it needs root"), (("nsenter",), True, "not installed: nsenter")],
)
def test_another_choice_is_said_aloud_and_a_wish_that_can_not_be_is_refused(
    able, absent, root, why
) -> None:
    able(*absent, root=root)
    kind, notes = choice.choose("auto", None)
    assert (kind, notes) == (RuntimeKind.MEMORY, (f"the lxc runtime was not chosen: {why}",))
    with pytest.raises(CapabilityError, match=f"can't work here: {why}"):
        choice.choose("lxc", None)
    assert choice.choose("memory", None) == (RuntimeKind.MEMORY, ())


def test_containers_stay_with_their_runtime(able, kept) -> None:
    able()
    assert choice.choose("auto", kept) == (RuntimeKind.MEMORY, ())
    with pytest.raises(ConfigurationError, match="belong to the runtime memory, and lxc was"):
        choice.choose("lxc", kept)


def test_without_containers_the_runtime_is_free(able, kept) -> None:
    able()
    with kept.transaction() as transaction:
        transaction.remove_guest(100)
    assert choice.choose("auto", kept) == (RuntimeKind.LXC, ())


def test_a_runtime_is_made_of_its_kind(tmp_path: Path) -> None:
    for kind in RuntimeKind:
        made = choice.make(kind, state=tmp_path, cache=tmp_path / "cache", node="pve")
        assert made.kind is kind
        assert isinstance(made, MemoryRuntime) is (kind is RuntimeKind.MEMORY)

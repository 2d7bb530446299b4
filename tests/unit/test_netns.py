"""Entering a namespace that can't be entered; the real thing is tested with root."""

from __future__ import annotations

from pathlib import Path

import pytest

from homelab import netns
from homelab.errors import CapabilityError

_OWN = Path("/proc/thread-self/ns/net")


def test_no_namespace_changes_nothing() -> None:
    before = _OWN.readlink()

    with netns.inside(None):
        assert _OWN.readlink() == before


def test_missing_namespace_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"

    with (
        pytest.raises(CapabilityError, match=rf"{gone}: No such file") as caught,
        netns.inside(gone),
    ):
        pytest.fail("entered")

    assert caught.value.hint is not None
    assert "homelab lab status" in caught.value.hint


def test_file_that_is_no_namespace_is_refused(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()

    with pytest.raises(CapabilityError, match="can't enter the network namespace"):
        netns.enter(plain)


def test_refusal_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(3):
        with pytest.raises(CapabilityError), netns.inside(tmp_path / "gone"):
            pytest.fail("entered")

    assert len(list(Path("/proc/self/fd").iterdir())) == before

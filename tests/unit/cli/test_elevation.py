from __future__ import annotations

import sys
from typing import Any

import pytest

from homelab.cli import elevation


def test_root_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elevation, "is_root", lambda: True)

    elevation.require_root("this", [])


def test_others_run_the_same_command_through_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(elevation, "is_root", lambda: False)
    monkeypatch.setattr(elevation, "go_on_as_root", lambda why, argv, **_: seen.extend((why, argv)))

    elevation.require_root("deploying", ["deploy", "--plain"])

    assert seen == ["deploying", (sys.executable, "-m", "homelab.cli", "deploy", "--plain")]

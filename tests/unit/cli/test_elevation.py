from __future__ import annotations

import pytest

from homelab.cli import elevation
from homelab.errors import CapabilityError


def test_values_of_variables_are_not_in_the_process_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PM_PASS", "hunter2")
    monkeypatch.setenv("HOMELAB_LAB_STATE", "/srv/lab")
    monkeypatch.setenv("EDITOR", "ed")

    argv = elevation.sudo_argv(("python", "-m", "homelab.cli"), interactive=False)

    keep = next(word for word in argv if word.startswith("--preserve-env="))
    assert {"PM_PASS", "HOMELAB_LAB_STATE"} <= set(keep.partition("=")[2].split(","))
    assert "EDITOR" not in keep
    assert "hunter2" not in " ".join(argv)
    assert argv[:2] == ("sudo", "-n")
    assert argv[-3:] == ("python", "-m", "homelab.cli")


def test_a_terminal_may_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "-n" not in elevation.sudo_argv(("true",), interactive=True)


def test_root_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elevation, "is_root", lambda: True)

    elevation.require_root("this", [])


def test_without_sudo_it_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elevation, "is_root", lambda: False)
    monkeypatch.setattr(elevation.shutil, "which", lambda _: None)

    with pytest.raises(CapabilityError, match="needs root, and sudo is not installed"):
        elevation.require_root("deploying", ["deploy"])

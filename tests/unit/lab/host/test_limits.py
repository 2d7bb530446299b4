from __future__ import annotations

from pathlib import Path

import pytest

from homelab.lab.host.limits import WANTED, HostLimits


@pytest.fixture
def sysctls(tmp_path):
    for name in WANTED:
        path = tmp_path / "sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("128\n")
    return tmp_path / "sys"


def values(sysctls: Path) -> set[int]:
    return {int((sysctls / name).read_text()) for name in WANTED}


@pytest.fixture
def labs(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    return tmp_path / "a", tmp_path / "b"


def test_limits_are_raised_while_any_lab_needs_them(tmp_path, sysctls, labs):
    limits = HostLimits(tmp_path / "run", sysctls)
    assert set(limits.too_low()) == set(WANTED)
    assert limits.raise_for(labs[0]) == ()
    assert limits.too_low() == {}
    limits.raise_for(labs[1])
    assert not limits.restore_for(labs[0])
    assert limits.too_low() == {}
    assert limits.restore_for(labs[1])
    assert values(sysctls) == {128}
    assert not (tmp_path / "run").exists()


def test_a_lab_whose_directory_is_gone_needs_nothing(tmp_path, sysctls, labs):
    limits = HostLimits(tmp_path / "run", sysctls)
    limits.raise_for(labs[0])
    limits.raise_for(labs[1])
    labs[1].rmdir()
    assert limits.restore_for(labs[0])
    assert values(sysctls) == {128}


def test_raising_twice_remembers_the_first_values(tmp_path, sysctls, labs):
    limits = HostLimits(tmp_path / "run", sysctls)
    limits.raise_for(labs[0])
    limits.raise_for(labs[0])
    limits.restore_for(labs[0])
    assert values(sysctls) == {128}
    assert limits.restore_for(labs[0])


def test_what_somebody_else_set_since_stays(tmp_path, sysctls, labs):
    limits = HostLimits(tmp_path / "run", sysctls)
    limits.raise_for(labs[0])
    (sysctls / "kernel/keys/maxkeys").write_text("99999")
    limits.restore_for(labs[0])
    assert (sysctls / "kernel/keys/maxkeys").read_text() == "99999"


def test_what_is_high_enough_is_not_touched(tmp_path, sysctls, labs):
    for name in WANTED:
        (sysctls / name).write_text("9999999")
    limits = HostLimits(tmp_path / "run", sysctls)
    limits.raise_for(labs[0])
    assert values(sysctls) == {9999999}


def test_what_can_not_be_raised_is_said(tmp_path, sysctls, labs, monkeypatch):
    limits = HostLimits(tmp_path / "run", sysctls)
    monkeypatch.setattr(limits, "_set", lambda *_: False)
    failed = limits.raise_for(labs[0])
    assert "kernel.keys.maxkeys is 128 and can't be raised" in failed

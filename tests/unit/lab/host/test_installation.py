from __future__ import annotations

from pathlib import Path

import pytest
from fake_host import FakeHost

from homelab.errors import CapabilityError
from homelab.lab.host import installation
from homelab.lab.host.doctor import diagnose
from homelab.lab.host.installation import fix, make_ready


def test_a_fix_installs_all_packages_in_one_go(monkeypatch):
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(installation, "stream", lambda argv, *_, **__: calls.append(tuple(argv)))
    host = FakeHost(
        absent={"lxc-start", "mmdebstrap", "/usr/share/keyrings/debian-archive-keyring.gpg"}
    )
    said: list[str] = []
    fix(
        diagnose(state_dir=Path("/s"), cache_dir=Path("/c"), host=host),
        on_line=said.append,
        host=host,
    )
    update, install = calls
    assert "update" in update
    assert install[-3:] == ("debian-archive-keyring", "lxc", "mmdebstrap")
    assert said == ["installing debian-archive-keyring, lxc, mmdebstrap"]


def test_nothing_to_fix_does_nothing(monkeypatch):
    monkeypatch.setattr(installation, "stream", None)
    host = FakeHost()
    fix(diagnose(state_dir=Path("/s"), cache_dir=Path("/c"), host=host), on_line=print, host=host)
    assert make_ready(state_dir=Path("/s"), cache_dir=Path("/c"), on_line=print, host=host)


def test_a_fix_needs_root(monkeypatch):
    monkeypatch.setattr(installation, "stream", None)
    host = FakeHost(root=False, absent={"ssh"})
    with pytest.raises(CapabilityError, match="needs root"):
        make_ready(state_dir=Path("/s"), cache_dir=Path("/c"), on_line=print, host=host)


def test_what_stays_missing_is_one_error(monkeypatch):
    monkeypatch.setattr(installation, "stream", lambda *_, **__: 0)
    host = FakeHost(machine="riscv64", absent={"lxc-start"})
    with pytest.raises(CapabilityError, match=r"(?s)system: .*riscv64.*lxc: not installed"):
        make_ready(state_dir=Path("/s"), cache_dir=Path("/c"), on_line=print, host=host)

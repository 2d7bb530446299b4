"""ssh hosts: which ssh command is run, and what its failures become."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from homelab.clients.ssh_hosts import Hosts
from homelab.errors import HomelabError, UnreachableError
from homelab.model import SshAccess

_ADDRESS = IPv4Address("192.0.2.1")


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory whose `ssh` writes its arguments down and does what the file `do` says."""
    program = tmp_path / "ssh"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>{tmp_path}/arguments\n. {tmp_path}/do\n')
    program.chmod(0o755)
    (tmp_path / "do").write_text("exit 0\n")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def test_command_goes_through_one_shared_connection(ssh: Path) -> None:
    access = SshAccess(user="admin", port=2222, private_key=Path("/keys/id"), arguments=("-4",))
    (ssh / "do").write_text("echo said; exit 0\n")

    with Hosts(access) as hosts:
        sockets = hosts.sockets
        assert hosts.run(_ADDRESS, "echo", "it's") == "said\n"

    words = (ssh / "arguments").read_text().splitlines()
    assert words[-2:] == ["192.0.2.1", "echo 'it'\"'\"'s'"]
    assert {"-4", "User=admin", "Port=2222", "/keys/id", "-oBatchMode=yes"} <= set(words)
    assert {"-oControlMaster=auto", f"-oControlPath={sockets}/%C.mux"} <= set(words)
    assert not sockets.exists()


def test_login_that_fails_says_what_ssh_said(ssh: Path) -> None:
    (ssh / "do").write_text("echo warning >&2; echo Connection refused >&2; exit 255\n")

    with (
        Hosts(SshAccess()) as hosts,
        pytest.raises(UnreachableError, match=r"^Connection refused$"),
    ):
        hosts.run(_ADDRESS, "true")


def test_command_that_fails_says_what_it_said(ssh: Path) -> None:
    (ssh / "do").write_text("echo no such unit >&2; exit 4\n")

    with (
        Hosts(SshAccess()) as hosts,
        pytest.raises(HomelabError, match=r"exit code 4: no such unit"),
    ):
        hosts.run(_ADDRESS, "systemctl")


def test_closing_ends_every_shared_connection(ssh: Path, tmp_path: Path) -> None:
    sockets = tmp_path / "sockets"
    sockets.mkdir()
    (sockets / "abc.mux").touch()
    (ssh / "do").write_text("exit 255\n")

    Hosts(SshAccess(), sockets=sockets).close()

    words = (ssh / "arguments").read_text().split()
    assert words == ["-o", f"ControlPath={sockets}/abc.mux", "-O", "exit", "host"]

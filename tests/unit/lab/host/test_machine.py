from __future__ import annotations

import os
from pathlib import Path

from homelab.lab.host.machine import Host


def test_it_is_this_machine() -> None:
    host = Host()
    assert host.is_root() is (os.geteuid() == 0)
    assert host.architecture() == os.uname().machine
    assert host.has_program("sh")
    assert not host.has_program("no-such-program")
    assert "MemTotal" in host.read("/proc/meminfo")


def test_what_can_not_be_read_is_empty(tmp_path: Path) -> None:
    host = Host()
    (tmp_path / "text").write_bytes(b"\xffx")
    assert host.read(str(tmp_path / "text")) == "\ufffdx"
    assert host.read(str(tmp_path / "none")) == ""
    assert host.read(str(tmp_path)) == ""
    assert host.has_file(str(tmp_path))
    assert host.has_match(str(tmp_path), "te*")
    assert not host.has_match(str(tmp_path / "none"), "*")


def test_a_program_works_when_it_says_so() -> None:
    assert Host().works(("true",))
    assert not Host().works(("false",))
    assert not Host().works(("no-such-program",))


def test_space_is_that_of_the_place_where_a_directory_will_be(tmp_path: Path) -> None:
    there = os.statvfs(tmp_path)
    free = Host().free_bytes(tmp_path / "a" / "b")
    assert abs(free - there.f_bavail * there.f_frsize) < 1 << 30

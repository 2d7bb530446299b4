from __future__ import annotations

import os
import stat
import struct
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.images.ownership import ID_BASE, shift_tree, shifted_file_capability


@given(flags=st.integers(0, 1), words=st.lists(st.integers(0, 2**32 - 1), min_size=4, max_size=4))
def test_a_file_capability_gets_the_namespaces_root_and_keeps_the_rest(flags, words):
    before = struct.pack("<5I", 0x02000000 | flags, *words)
    magic, *rest = struct.unpack("<6I", shifted_file_capability(before))
    assert magic == 0x03000000 | flags
    assert rest == [*words, ID_BASE]
    assert shifted_file_capability(shifted_file_capability(before)) == shifted_file_capability(
        before
    )


def test_shifting_adds_to_owners_once_and_keeps_setuid(tmp_path, monkeypatch):
    program = tmp_path / "sudo"
    program.write_text("")
    program.chmod(0o4755)
    os.link(program, tmp_path / "sudoedit")
    (tmp_path / "link").symlink_to("nowhere")
    owners: list[tuple[str, int]] = []

    def lchown(path: Path, uid: int, _gid: int) -> None:
        owners.append((path.name, uid))
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o6000)  # as the kernel does

    monkeypatch.setattr(os, "lchown", lchown)
    assert shift_tree(tmp_path, 100_000) == 3
    assert len(owners) == 3
    assert {uid for _, uid in owners} == {os.getuid() + 100_000}
    assert stat.S_IMODE(program.stat().st_mode) == 0o4755

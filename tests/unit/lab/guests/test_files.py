from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.guests.files import (
    StoredFile,
    backup_name,
    clean_name,
    forget_file,
    is_name_for,
    put_file,
    stored_file,
    stored_files,
)

_BACKUP = StoredFile(
    volid="local:backup/vzdump-lxc-100-2026_01_02-03_04_05.tar.zst",
    node="pve",
    content="backup",
    size=3,
    ctime=1,
    vmid=100,
    config="hostname: web\n",
)


def _keep(node, *files: StoredFile) -> None:
    with node.context.state.transaction() as transaction:
        for file in files:
            put_file(transaction, file)


def test_a_node_has_its_own_files(node) -> None:
    elsewhere = replace(_BACKUP, node="pve2")
    _keep(node, _BACKUP, elsewhere)
    assert stored_files(node.context) == (_BACKUP,)
    assert stored_files(node.context.at("pve2")) == (elsewhere,)
    with node.context.state.transaction() as transaction:
        forget_file(transaction, _BACKUP)
    assert stored_file(node.context, _BACKUP.volid) is None
    assert stored_file(node.context.at("pve2"), _BACKUP.volid) == elsewhere


def test_a_file_is_kept_once(node) -> None:
    _keep(node, _BACKUP, replace(_BACKUP, notes="again"))
    (found,) = stored_files(node.context)
    assert found.notes == "again"


@pytest.mark.parametrize(
    ("volid", "content", "place"),
    [
        ("local:iso/a.iso", "iso", "files/pve/iso/a.iso"),
        ("local:vztmpl/a.tar.zst", "vztmpl", "files/pve/cache/a.tar.zst"),
        ("local:backup/a.tar.zst", "backup", "files/pve/dump/a.tar.zst"),
    ],
)
def test_files_are_where_pves_dir_storage_has_them(node, volid, content, place) -> None:
    file = replace(_BACKUP, volid=volid, content=content)
    assert file.path(node.context) == node.directory / place


@given(st.text())
def test_a_clean_name_is_one_part_of_a_path_and_stays_clean(name: str) -> None:
    cleaned = clean_name(name)
    assert re.fullmatch(r"[-a-zA-Z0-9_.]*", cleaned)
    assert clean_name(cleaned) == cleaned


@pytest.mark.parametrize(
    ("content", "name", "fits"),
    [
        ("iso", "debian.ISO", True),
        ("iso", "debian.tar.zst", False),
        ("vztmpl", "debian.tar.zst", True),
        ("vztmpl", "debian.zst", False),
        ("backup", "debian.tar.zst", False),
    ],
)
def test_a_name_ends_as_its_content_asks(content: str, name: str, *, fits: bool) -> None:
    assert is_name_for(content, name) is fits


def test_a_backup_is_named_after_its_guest_and_the_second_that_it_began() -> None:
    name = backup_name(100, 1_800_000_000.9)
    assert re.fullmatch(r"vzdump-lxc-100-\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d\.tar\.zst", name)
    assert backup_name(100, 1_800_000_001) != name

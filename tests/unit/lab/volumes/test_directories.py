from __future__ import annotations

from pathlib import Path

import pytest

from homelab.lab.runtime import RuntimeFailureError
from homelab.lab.volumes.directories import Directories, remove_tree

_NAME = "subvol-100-disk-0"


@pytest.fixture
def volumes(tmp_path: Path) -> Directories:
    made = Directories(tmp_path / "store")
    assert made.make(_NAME, 1 << 30)
    return made


def _write(volumes: Directories, text: str, name: str = _NAME) -> None:
    (volumes.path(name) / "file").write_text(text)


def _read(volumes: Directories, name: str = _NAME) -> str:
    return (volumes.path(name) / "file").read_text()


def test_a_volume_that_exists_keeps_its_content(volumes: Directories) -> None:
    _write(volumes, "words")
    assert not volumes.make(_NAME, 1 << 30)
    assert _read(volumes) == "words"


def test_sizes_are_recorded_only_and_that_is_said(volumes: Directories) -> None:
    assert "not enforced" in (volumes.limit(_NAME, 1) or "")


def test_a_snapshot_stays_what_it_was_and_can_be_gone_back_to_twice(volumes: Directories) -> None:
    _write(volumes, "then")
    (volumes.path(_NAME) / "file").chmod(0o640)
    volumes.snapshot(_NAME, "one")
    for text in ("now", "later"):
        _write(volumes, text)
        volumes.rollback(_NAME, "one", 0)
        assert _read(volumes) == "then"
    assert (volumes.path(_NAME) / "file").stat().st_mode & 0o777 == 0o640
    _write(volumes, "newer")
    volumes.snapshot(_NAME, "one")
    assert (volumes.snapshot_path(_NAME, "one") / "file").read_text() == "newer"
    volumes.delete_snapshot(_NAME, "one")
    volumes.delete_snapshot(_NAME, "one")
    with pytest.raises(RuntimeFailureError, match=f"snapshot '{_NAME}@one' does not exist"):
        volumes.rollback(_NAME, "one", 0)
    assert _read(volumes) == "newer"


def test_a_copy_that_was_cut_off_is_made_anew(volumes: Directories) -> None:
    _write(volumes, "words")
    half = volumes.snapshot_path(_NAME, "one").with_name(f"{_NAME}@one.new")
    half.mkdir(parents=True)
    (half / "junk").write_text("")
    volumes.snapshot(_NAME, "one")
    assert [path.name for path in volumes.snapshot_path(_NAME, "one").iterdir()] == ["file"]
    assert not half.exists()


def test_a_clone_is_apart_from_its_source(volumes: Directories, tmp_path: Path) -> None:
    _write(volumes, "words")
    assert volumes.clone(volumes.path(_NAME), "subvol-101-disk-0", 0)
    _write(volumes, "other", "subvol-101-disk-0")
    assert _read(volumes) == "words"
    assert not volumes.clone(tmp_path / "elsewhere", "subvol-102-disk-0", 0)
    assert not volumes.path("subvol-102-disk-0").exists()


def test_a_volume_goes_with_its_snapshots_and_no_others(volumes: Directories) -> None:
    longer = f"{_NAME}0"
    volumes.make(longer, 0)
    for name in (_NAME, longer):
        volumes.snapshot(name, "one")
    volumes.free(_NAME)
    volumes.free(_NAME)
    assert not volumes.path(_NAME).exists()
    assert not volumes.snapshot_path(_NAME, "one").exists()
    assert volumes.snapshot_path(longer, "one").is_dir()


def test_another_name_may_be_given_again(volumes: Directories) -> None:
    _write(volumes, "words")
    for _ in range(2):
        volumes.rename(_NAME, "basevol-100-disk-0")
    assert _read(volumes, "basevol-100-disk-0") == "words"
    assert not volumes.path(_NAME).exists()


def test_what_it_takes_is_measured(volumes: Directories) -> None:
    (volumes.path(_NAME) / "file").write_bytes(b"x" * 200_000)
    assert volumes.used(_NAME) >= 200_000
    assert volumes.used("none") == 0


def test_removing_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("")
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "link").symlink_to(tmp_path / "kept")
    remove_tree(tmp_path / "gone")
    remove_tree(tmp_path / "gone")
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "file"]

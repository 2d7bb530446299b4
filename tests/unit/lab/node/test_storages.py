from __future__ import annotations

import pytest

from homelab.lab.failures import ApiFailureError
from homelab.lab.node.storages import (
    DEFAULT_STORAGE,
    DUMP_STORAGE,
    STORAGES,
    find_storage,
    storage_for_volumes,
    storage_named,
)
from homelab.pve.volumes import VolumeId


@pytest.mark.parametrize(
    ("storage", "size", "name"),
    [
        ("local-zfs", 1 << 30, "subvol-100-disk-2"),
        ("local-zfs", 0, "subvol-100-disk-2"),
        ("local-dir", 1 << 30, "100/vm-100-disk-2.raw"),
        ("local-dir", 0, "100/subvol-100-disk-2.subvol"),
    ],
)
def test_volumes_are_named_as_on_pves_storages(storage: str, size: int, name: str) -> None:
    found = storage_named(storage)
    assert found.volume_name(100, 2, size=size) == name
    assert VolumeId(storage, name).disk == 2


def test_what_is_in_raw_images_has_no_snapshots() -> None:
    assert [storage.name for storage in STORAGES if storage.snapshots] == ["local-zfs"]


def test_containers_and_backups_have_a_place() -> None:
    assert "rootdir" in storage_named(DEFAULT_STORAGE).content
    assert "backup" in storage_named(DUMP_STORAGE).content
    assert find_storage("nas") is None


def test_a_storage_that_is_none_or_for_files_is_refused_as_on_pve() -> None:
    with pytest.raises(ApiFailureError, match=r"^storage 'nas' does not exist$"):
        storage_for_volumes("nas")
    with pytest.raises(ApiFailureError, match=r"^storage 'local' does not support container dir"):
        storage_for_volumes(DUMP_STORAGE)
    assert storage_for_volumes("local-zfs").name == "local-zfs"

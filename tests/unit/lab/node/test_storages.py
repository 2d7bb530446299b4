from __future__ import annotations

import pytest

from homelab.lab.failures import ApiFailureError
from homelab.lab.node.storages import (
    DEFAULT_STORAGE,
    DUMP_STORAGE,
    STORAGES,
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
    assert storage_for_volumes(DEFAULT_STORAGE).name == DEFAULT_STORAGE
    assert "backup" in storage_named(DUMP_STORAGE).content


def test_what_is_not_there_or_not_for_containers_is_refused_in_pves_words() -> None:
    with pytest.raises(ApiFailureError, match="storage 'nas' does not exist"):
        storage_named("nas")
    with pytest.raises(ApiFailureError, match="'local' does not support container directories"):
        storage_for_volumes("local")

from __future__ import annotations

import pytest

from homelab.lab.node.storages import DEFAULT_STORAGE, DUMP_STORAGE, STORAGES, storage_named
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
    assert found is not None
    assert found.volume_name(100, 2, size=size) == name
    assert VolumeId(storage, name).disk == 2


def test_what_is_in_raw_images_has_no_snapshots() -> None:
    assert [storage.name for storage in STORAGES if storage.snapshots] == ["local-zfs"]


def test_containers_and_backups_have_a_place() -> None:
    assert "rootdir" in getattr(storage_named(DEFAULT_STORAGE), "content", ())
    assert "backup" in getattr(storage_named(DUMP_STORAGE), "content", ())
    assert storage_named("nas") is None

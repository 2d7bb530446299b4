from __future__ import annotations

from homelab.lab.runtimes.lxc.hot_mounts import targets

MOUNTS = """\
610 609 0:71 / / rw,relatime - overlay overlay rw,lowerdir=/a
630 610 0:70 /volumes/subvol-100-disk-1 /srv/data rw,noatime - btrfs /dev/loop0 rw
631 610 0:70 /volumes/subvol-100-disk-2//deleted /opt/a\\040b rw,noatime - btrfs /dev/loop0 rw
632 610 0:70 /volumes/subvol-100-disk-1 /srv/data rw,noatime - btrfs /dev/loop0 rw
633 610 7:3 / /mnt/raw rw - ext4 /dev/loop3 rw
"""


def test_volumes_are_found_by_their_directories_the_latest_mount_first() -> None:
    names = frozenset({"subvol-100-disk-1", "subvol-100-disk-2"})
    assert targets(MOUNTS, names) == [
        (632, "/srv/data"),
        (631, "/opt/a b"),
        (630, "/srv/data"),
    ]


def test_a_file_system_of_its_own_is_found_by_its_device() -> None:
    assert targets(MOUNTS, frozenset({"7:3"})) == [(633, "/mnt/raw")]


def test_the_root_is_no_volume_of_any_name() -> None:
    assert targets(MOUNTS, frozenset({"", "subvol-100-disk-9"})) == []

from __future__ import annotations

import pytest

from homelab.lab.guests.volume_access import content_and_owner


@pytest.mark.parametrize(
    ("volid", "found"),
    [
        ("local-zfs:subvol-100-disk-0", ("rootdir", 100)),
        ("local-zfs:basevol-100-disk-0", ("rootdir", 100)),
        ("local-zfs:basevol-100-disk-0/subvol-101-disk-0", ("rootdir", 101)),
        ("local-dir:100/vm-100-disk-0.raw", ("rootdir", 100)),
        ("local:backup/vzdump-lxc-100-2026_11_26-21_00_00.tar.zst", ("backup", 100)),
        ("local:backup/vzdump-lxc-0100-2026.tar.zst", ("rootdir", None)),
        ("local:iso/subvol-100-disk-0", ("iso", None)),
        ("local:vztmpl/debian.tar.zst", ("vztmpl", None)),
        ("local-zfs:subvol-\uff11\uff10\uff10-disk-0", ("rootdir", None)),
        ("local-zfs:a/b/subvol-100-disk-0", ("rootdir", None)),
        ("local", ("rootdir", None)),
    ],
)
def test_a_name_says_what_it_holds_and_whose_it_is(volid, found) -> None:
    assert content_and_owner(volid) == found

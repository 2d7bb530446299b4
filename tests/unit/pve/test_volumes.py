from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.pve.volumes import NewVolume, VolumeId, truncated


def test_volume_ids_and_new_volumes_are_told_apart() -> None:
    assert NewVolume.parse("local-zfs:8") == NewVolume("local-zfs", 8 << 30)
    assert NewVolume.parse("local-zfs:0.5") == NewVolume("local-zfs", 512 << 20)
    assert NewVolume.parse("local-zfs:subvol-201-disk-0") is None
    volume = VolumeId.parse("local-zfs:subvol-201-disk-3")
    assert (volume.storage, volume.disk, str(volume)) == (
        "local-zfs",
        3,
        "local-zfs:subvol-201-disk-3",
    )
    assert VolumeId.parse("local:vztmpl/x.tar.zst").disk is None
    with pytest.raises(ValueError, match="unable to parse volume ID"):
        VolumeId.parse("nothing")
    assert truncated((1 << 30) + 5) == 1 << 30


@given(st.integers(0, 10**9), st.integers(0, 3))
def test_a_new_volume_has_whole_mebibytes(mebibytes: int, digits: int) -> None:
    gibibytes = f"{mebibytes / 1024:.{digits}f}"
    made = NewVolume.parse(f"local-zfs:{gibibytes}")
    assert made is not None
    assert truncated(made.size) == made.size
    assert abs(made.size - float(gibibytes) * (1 << 30)) < 1 << 20


@given(st.text(max_size=40))
def test_any_text_is_a_volume_or_refused_in_pves_words(text: str) -> None:
    try:
        volume = VolumeId.parse(text)
    except ValueError as error:
        assert str(error) == f"unable to parse volume ID '{text}'"  # noqa: PT017
    else:
        assert str(volume) == text


@pytest.mark.parametrize(
    ("name", "disk"),
    [
        ("100/vm-100-disk-1.raw", 1),
        ("basevol-100-disk-0/subvol-101-disk-2", 2),
        ("base-100-disk-12", 12),
        ("subvol-100-state-1", None),
        ("a/b/vm-100-disk-1.raw", None),
    ],
)
def test_the_disk_of_a_volume(name: str, disk: int | None) -> None:
    assert VolumeId("local-zfs", name).disk == disk

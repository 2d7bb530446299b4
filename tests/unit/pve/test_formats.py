from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.pve import formats
from homelab.pve.guest_options import OPTIONS, startup_order
from homelab.pve.schema import ParameterError, verify
from homelab.pve.tags import normalise_tags
from homelab.pve.volumes import NewVolume, VolumeId, truncated


def test_a_network_interface_is_written_as_pve_writes_it() -> None:
    text = "bridge=vmbr0,hwaddr=bc:24:11:00:00:01,type=veth,name=eth0,firewall=1,ip=10.0.0.6/24"
    assert formats.NET.normalise(text) == (
        "name=eth0,bridge=vmbr0,firewall=1,hwaddr=BC:24:11:00:00:01,ip=10.0.0.6/24,type=veth"
    )


def test_a_mount_point_is_written_as_pve_writes_it() -> None:
    text = "size=1024M,backup=1,mp=/data/,volume=local:100/vm-100-disk-1.raw"
    assert formats.MOUNT_POINT.normalise(text) == (
        "local:100/vm-100-disk-1.raw,mp=/data,backup=1,size=1G"
    )


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("net0", "bridge=vmbr0", "name: property is missing and it is not optional"),
        ("net0", "name=eth0,ip=10.0.0.300/24", "ip: invalid format"),
        ("net0", "name=eth0,ip=10.0.0.3", "ip: invalid format"),
        ("net0", "name=eth0,hwaddr=01:00:00:00:00:00", "valid unicast MAC"),
        ("net0", "name=eth0,color=red", "invalid key in comma-separated list property: color"),
        ("mp0", "local-zfs:1", "mp: property is missing and it is not optional"),
        ("mp0", "local-zfs:1,mp=data", "absolute path"),
        ("mp0", "local-zfs:1,mp=/a/../b", "absolute path"),
        ("mp0", "local-zfs:1,mp=/a\nlxc.hook: x", "absolute path"),
        ("features", "nesting=yes", "type check ('boolean') failed"),
        ("hostname", "a_b", "valid DNS name"),
        ("nameserver", "one.one", "valid IP address"),
        ("tags", "a!", "invalid characters in tag 'a!'"),
        ("memory", "8", "minimum value of 16"),
        ("startup", "order=x", "type check ('integer') failed"),
    ],
)
def test_wrong_options_are_refused(option: str, value: str, text: str) -> None:
    with pytest.raises(ParameterError) as caught:
        verify({option: value}, OPTIONS)
    assert text in caught.value.errors[option]


def test_options_are_stored_in_pves_form() -> None:
    args = verify(
        {
            "tags": ["Web", "db;web"],
            "nameserver": "1.1.1.1,9.9.9.9",
            "description": "one\ntwo",
            "cpulimit": "0",
        },
        OPTIONS,
    )
    assert args.text("tags") == "db;web"
    assert args.text("nameserver") == "1.1.1.1 9.9.9.9"
    assert args.text("description") == "one\ntwo\n"
    assert args.text("cpulimit") == "0"


@given(st.lists(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_+.-]{0,6}", fullmatch=True)))
def test_tags_are_normal_after_once(tags: list[str]) -> None:
    once = normalise_tags(",".join(tags))
    assert normalise_tags(once) == once
    assert once.split(";") == sorted({tag.lower() for tag in tags}) or not tags


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


@pytest.mark.parametrize(
    ("startup", "order"),
    [("order=3,up=5", (3, 5)), ("2", (2, 0)), (None, (10**9, 0)), ("up=4", (10**9, 4))],
)
def test_start_order(startup: str | None, order: tuple[int, int]) -> None:
    assert startup_order(startup) == order

"""What is sent to PVE: a create as Telmate's provider sends it, an update that says what changed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.provider.layouts import LXC
from homelab.pve.sizes import gibibytes
from homelab.pve.telmate.parameters import create_parameters, update_changes

RECORDED: dict[str, Any] = {
    **LXC.empty(),
    "arch": "amd64",
    "cmode": "tty",
    "console": True,
    "cores": 1,
    "cpulimit": 0,
    "cpuunits": 1024,
    "description": "line1\nline2",
    "features": [{"nesting": True, "fuse": False, "keyctl": False, "mknod": False, "mount": ""}],
    "hostname": "web1",
    "memory": 256,
    "mountpoint": [
        {"key": "0", "slot": 0, "mp": "/data", "storage": "local", "size": "1G", "backup": False}
    ],
    "network": [
        {
            "name": "eth0",
            "bridge": "vmbr0",
            "firewall": True,
            "ip": "10.0.0.5/24",
            "gw": "10.0.0.1",
        }
    ],
    "onboot": True,
    "ostemplate": "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
    "password": "secret12",
    "protection": False,
    "rootfs": [{"storage": "local", "size": "4G"}],
    "ssh_public_keys": "ssh-ed25519 AAAA test",
    "start": True,
    "swap": 128,
    "tags": "b;a",
    "tty": 2,
    "unprivileged": True,
    "vmid": 100,
}


def test_create_sends_what_telmates_provider_sends() -> None:
    assert create_parameters(RECORDED) == {
        "arch": "amd64",
        "cmode": "tty",
        "console": 1,
        "cores": 1,
        "cpulimit": 0,
        "cpuunits": 1024,
        "description": "line1\nline2",
        "features": "nesting=1",
        "hostname": "web1",
        "memory": 256,
        "mp0": "local:1,backup=0,mp=/data",
        "net0": "name=eth0,bridge=vmbr0,firewall=1,ip=10.0.0.5/24,gw=10.0.0.1",
        "onboot": 1,
        "ostemplate": "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
        "password": "secret12",
        "protection": 0,
        "rootfs": "local:4",
        "ssh-public-keys": "ssh-ed25519 AAAA test",
        "start": 1,
        "storage": "local",
        "swap": 128,
        "tags": "a;b",
        "tty": 2,
        "unprivileged": 1,
        "vmid": 100,
    }


def existing() -> dict[str, Any]:
    return {
        **RECORDED,
        "mountpoint": [{**RECORDED["mountpoint"][0], "volume": "local:100/vm-100-disk-1.raw"}],
        "rootfs": [{**RECORDED["rootfs"][0], "volume": "local:100/vm-100-disk-0.raw"}],
        "network": [{**RECORDED["network"][0], "hwaddr": "BC:24:11:00:00:01", "type": "veth"}],
    }


def test_nothing_changed_asks_for_nothing() -> None:
    changes = update_changes(existing(), existing())
    assert (changes.resize, changes.move, changes.config()) == ({}, {}, {})


def test_update_sends_what_changed_and_deletes_what_was_unset() -> None:
    planned = {**existing(), "cores": 2, "description": None, "tags": "a;c", "console": False}
    changes = update_changes(existing(), planned)
    assert changes.config() == {"cores": 2, "tags": "a;c", "console": 0, "delete": "description"}


def test_growing_volumes_are_resized_and_not_rewritten() -> None:
    planned = existing()
    planned["mountpoint"] = [{**planned["mountpoint"][0], "size": "2G"}]
    planned["rootfs"] = [{**planned["rootfs"][0], "size": "8G"}]
    changes = update_changes(existing(), planned)
    assert changes.resize == {"rootfs": "8G", "mp0": "2G"}
    assert changes.config() == {}


def test_a_mount_point_that_is_there_is_never_allocated_anew() -> None:
    planned = existing()
    planned["mountpoint"] = [{**planned["mountpoint"][0], "mp": "/other", "key": "mp0"}]
    assert update_changes(existing(), planned).config() == {
        "mp0": "local:100/vm-100-disk-1.raw,size=1G,backup=0,mp=/other"
    }


def test_mount_points_come_and_go() -> None:
    planned = existing()
    planned["mountpoint"] = [
        {"key": "1", "slot": 1, "mp": "/new", "storage": "local", "size": "512M", "backup": True}
    ]
    assert update_changes(existing(), planned).config() == {
        "mp1": "local:0.5,backup=1,mp=/new",
        "delete": "mp0",
    }


def test_another_storage_moves_a_mount_point() -> None:
    planned = existing()
    planned["mountpoint"] = [{**planned["mountpoint"][0], "storage": "other"}]
    changes = update_changes(existing(), planned)
    assert changes.move == {"mp0": "other"}
    assert changes.config() == {}


def test_a_changed_interface_keeps_its_hardware_address_and_one_too_many_goes() -> None:
    prior = existing()
    prior["network"] = [*prior["network"], {"name": "eth1", "bridge": "vmbr1", "hwaddr": "A"}]
    planned = existing()
    planned["network"] = [{**planned["network"][0], "ip": "10.0.0.6/24"}]
    assert update_changes(prior, planned).config() == {
        "net0": "name=eth0,bridge=vmbr0,firewall=1,ip=10.0.0.6/24,gw=10.0.0.1,"
        "hwaddr=BC:24:11:00:00:01,type=veth",
        "delete": "net1",
    }


def test_features_that_are_no_longer_wanted_are_deleted() -> None:
    planned = {**existing(), "features": []}
    assert update_changes(existing(), planned).config() == {"delete": "features"}


@pytest.mark.parametrize(
    ("size", "expected"), [("8G", "8"), ("512M", "0.5"), ("1T", "1024"), ("1048576K", "1")]
)
def test_gibibytes(size: str, expected: str) -> None:
    assert gibibytes(size) == expected


@given(st.text(max_size=6).filter(lambda text: not text[:-1].isdecimal() or text[-1] not in "KMGT"))
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must end in"):
        gibibytes(text)

"""From PVE's configuration to state, so that the next plan finds what was declared."""

from __future__ import annotations

from typing import Any

from provider_fakes import CONFIG

from homelab.provider.layouts import LXC
from homelab.provider.lxc_state import read_state

WHERE: dict[str, Any] = {"node": "pve", "vmid": 201, "pool": "media"}


def test_an_import_reads_everything_that_pve_tells() -> None:
    state = read_state({}, CONFIG, **WHERE, imported=True)
    assert state.keys() == LXC.empty().keys()
    assert (state["id"], state["vmid"], state["pool"]) == ("pve/lxc/201", 201, "media")
    assert (state["cores"], state["cpulimit"], state["onboot"]) == (2, 0, True)
    assert state["rootfs"] == [
        {
            "acl": None,
            "quota": None,
            "replicate": None,
            "ro": None,
            "shared": None,
            "size": "8G",
            "storage": "local-zfs",
            "volume": "local-zfs:subvol-201-disk-0",
        }
    ]
    (mount_point,) = state["mountpoint"]
    assert (mount_point["slot"], mount_point["key"], mount_point["mp"]) == (0, "0", "/srv/media")
    assert (mount_point["backup"], mount_point["file"]) == (False, "subvol-201-disk-1")
    (network,) = state["network"]
    assert (network["id"], network["name"], network["firewall"]) == (0, "eth0", True)
    assert network["ip"] == "10.10.0.21/24"
    assert state["features"][0]["nesting"] is True


def test_what_pve_does_not_tell_stays() -> None:
    prior = {**LXC.empty(), "ostemplate": "local:vztmpl/x.tar.zst", "password": "p", "start": True}
    state = read_state(prior, CONFIG, **WHERE)
    assert (state["ostemplate"], state["password"], state["start"]) == (
        "local:vztmpl/x.tar.zst",
        "p",
        True,
    )


def test_blocks_that_were_never_declared_are_not_drift() -> None:
    state = read_state(LXC.empty(), CONFIG, **WHERE)
    assert (state["network"], state["mountpoint"], state["features"]) == ([], [], [])


def test_spelling_stays_and_drift_shows() -> None:
    prior = {**LXC.empty(), "description": "Plex", "tags": "video,media", "memory": 512}
    state = read_state(prior, CONFIG, **WHERE)
    assert (state["description"], state["tags"]) == ("Plex", "video,media")
    assert state["memory"] == 1024


def test_reading_twice_reads_the_same() -> None:
    first = read_state({}, CONFIG, **WHERE, imported=True)
    assert read_state(first, CONFIG, **WHERE) == first


def test_mount_points_keep_their_declared_order_and_key() -> None:
    config = {**CONFIG, "mp1": "local-zfs:subvol-201-disk-2,mp=/a,size=1G"}
    state = read_state({}, config, **WHERE, imported=True)
    declared = [{**state["mountpoint"][1], "key": "second"}, state["mountpoint"][0]]
    again = read_state({**state, "mountpoint": declared}, config, **WHERE)
    assert [(item["slot"], item["key"]) for item in again["mountpoint"]] == [
        (1, "second"),
        (0, "0"),
    ]


def test_a_mount_point_that_is_gone_is_drift() -> None:
    state = read_state({}, CONFIG, **WHERE, imported=True)
    config = {key: value for key, value in CONFIG.items() if key != "mp0"}
    assert read_state(state, config, **WHERE)["mountpoint"] == []


def test_unused_volumes_are_listed() -> None:
    state = read_state({}, {**CONFIG, "unused0": "local-zfs:subvol-201-disk-9"}, **WHERE)
    assert state["unused"] == ["local-zfs:subvol-201-disk-9"]

"""What a change takes: nothing more than PVE asks for what is sent, and nothing less."""

from __future__ import annotations

from typing import Any

from homelab.pve.telmate.privileges import creation_needs, root_only_attributes, update_needs

PLEX: dict[str, Any] = {
    "vmid": 201,
    "unprivileged": True,
    "memory": 512,
    "rootfs": [{"storage": "local-zfs", "size": "4G", "volume": "local-zfs:subvol-201-disk-0"}],
    "network": [
        {"name": "eth0", "bridge": "vmbr0", "ip": "10.0.0.1/24", "hwaddr": "BC:24:11:00:00:01"},
        {"name": "eth1", "bridge": "vmbr1", "ip": "10.1.0.1/24", "hwaddr": "BC:24:11:00:00:02"},
    ],
}


def _update(**after: Any) -> set[str]:
    return {str(need) for need in update_needs(PLEX, {**PLEX, **after})}


def test_only_the_bridge_of_an_interface_that_changes_is_used() -> None:
    first, second = PLEX["network"]

    needs = _update(network=[first, {**second, "ip": "10.1.0.2/24"}])

    assert needs == {
        "VM.Audit on /vms/201",
        "VM.Config.Network on /vms/201",
        "SDN.Use on /sdn/zones/localnetwork/vmbr1",
    }


def test_another_hardware_address_is_a_change_and_one_that_is_not_said_none() -> None:
    first, second = PLEX["network"]
    silent = [{**network, "hwaddr": None} for network in (first, second)]

    changed = _update(network=[first, {**second, "hwaddr": "BC:24:11:00:00:09"}])

    assert "VM.Config.Network on /vms/201" in changed
    assert _update(network=silent) == {"VM.Audit on /vms/201"}


def test_a_lock_is_an_option_like_others() -> None:
    assert _update(lock="backup") == {"VM.Audit on /vms/201", "VM.Config.Options on /vms/201"}


def test_the_same_size_in_other_words_asks_for_nothing() -> None:
    [root] = PLEX["rootfs"]

    assert _update(rootfs=[{**root, "size": "4096M"}]) == {"VM.Audit on /vms/201"}


def test_a_directory_of_the_node_is_root_s_and_takes_no_storage() -> None:
    bind = {"slot": 0, "mp": "/data", "storage": "/srv/data"}
    values = {**PLEX, "mountpoint": [bind]}

    needs = {str(need) for need in creation_needs(values)}

    assert not [need for need in needs if "/srv/data" in need]
    assert list(root_only_attributes(None, values)) == [
        ("mountpoint[0]", "mount point type bind is only allowed for root@pam")
    ]


def test_a_hookscript_is_root_s_also_when_it_goes() -> None:
    before = {**PLEX, "hookscript": "local:snippets/a.sh"}

    assert list(root_only_attributes(before, {**PLEX, "hookscript": None})) == [
        ("hookscript", "changing the hookscript is only allowed for root@pam")
    ]
    assert list(root_only_attributes(before, before)) == []

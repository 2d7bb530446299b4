from __future__ import annotations

import pytest

from homelab.pve.guest_options import OPTIONS
from homelab.pve.guest_privileges import (
    UNCHECKED,
    bridge_path,
    bridge_privilege,
    option_privilege,
    root_only,
    root_only_features,
)
from homelab.pve.privileges import PRIVILEGES
from homelab.pve.release import Release


@pytest.mark.parametrize(
    ("option", "privilege"),
    [
        ("rootfs", "VM.Config.Disk"),
        ("mp12", "VM.Config.Disk"),
        ("unused0", "VM.Config.Disk"),
        ("cores", "VM.Config.CPU"),
        ("swap", "VM.Config.Memory"),
        ("net3", "VM.Config.Network"),
        ("hostname", "VM.Config.Network"),
        ("features", "VM.Allocate"),
        ("onboot", "VM.Config.Options"),
    ],
)
def test_each_kind_of_option_has_its_privilege(option: str, privilege: str) -> None:
    """As PVE/LXC.pm, check_ct_modify_config_perm, asks for them."""
    assert option_privilege(option) == privilege


def test_every_option_needs_a_privilege_that_there_is() -> None:
    assert {option_privilege(option) for option in OPTIONS} <= set(PRIVILEGES)
    assert set(OPTIONS) >= UNCHECKED


def test_a_bridge_is_granted_with_its_vlan_since_pve_8() -> None:
    assert bridge_path("vmbr0") == "/sdn/zones/localnetwork/vmbr0"
    assert bridge_path("vmbr0", 20) == bridge_path("vmbr0", "20") == f"{bridge_path('vmbr0')}/20"
    assert bridge_privilege(Release.parse("8")) == "SDN.Use"


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("hookscript", "local:snippets/a.sh", "changing the hookscript"),
        ("dev0", "/dev/net/tun", "configuring device passthrough"),
        ("mp0", "/srv,mp=/srv", "mount point type bind"),
        ("mp0", "local-zfs:1,mp=/srv", None),
        ("description", "/srv", None),
    ],
)
def test_what_only_root_may_set(option: str, value: str, why: str | None) -> None:
    said = root_only(option, value)
    assert said == (None if why is None else f"{why} is only allowed for root@pam")


@pytest.mark.parametrize(
    ("wanted", "known", "privileged", "why"),
    [
        ({"nesting": "1"}, {}, False, None),
        ({}, {"nesting": "1"}, False, None),
        ({"nesting": "1"}, {}, True, "for privileged container"),
        ({"keyctl": "1"}, {"keyctl": "1"}, True, None),
        ({"keyctl": "1"}, {}, False, "(except nesting)"),
        ({}, {"fuse": "1"}, False, "(except nesting)"),
    ],
)
def test_which_features_only_root_may_change(
    wanted: dict[str, str],
    known: dict[str, str],
    *,
    privileged: bool,
    why: str | None,
) -> None:
    said = root_only_features(wanted, known, privileged=privileged)
    assert (said is None) is (why is None)
    assert why is None or why in str(said)

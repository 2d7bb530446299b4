from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.guests.changes import Change, plan_change
from homelab.lab.guests.view import guest_of
from homelab.lab.state.database import VolumeRecord
from homelab.pve.guest_config import GuestConfig

_POINTS = st.dictionaries(
    st.integers(0, 12).map(lambda n: f"mp{n}"),
    st.integers(1, 9).map(lambda size: f"local-zfs:{size},mp=/data"),
    max_size=6,
)


def _create(points: dict[str, str]) -> Change:
    return plan_change(
        100,
        GuestConfig(options={}),
        values={"rootfs": "local-zfs:4", **points},
        running=False,
        volumes={},
    )


@given(_POINTS)
def test_the_root_is_disk_0_and_mount_points_follow_by_number(points: dict[str, str]) -> None:
    change = _create(points)
    assert change.config.options["rootfs"] == "local-zfs:subvol-100-disk-0,size=4G"
    ordered = [f"mp{number}" for number in sorted(change.config.mount_points())]
    disks = [change.config.options[key].partition(",")[0] for key in ordered]
    assert disks == [f"local-zfs:subvol-100-disk-{n + 1}" for n in range(len(ordered))]
    assert len(guest_of(100, change.config).volumes) == len(points) + 1


@given(points=_POINTS, data=st.data(), running=st.booleans())
def test_no_volume_is_ever_lost(
    points: dict[str, str], data: st.DataObject, *, running: bool
) -> None:
    """Whatever is changed: each volume is mounted, pending, unused, or reported as removed."""
    known: dict[str, VolumeRecord] = {}
    config = GuestConfig(options={})
    steps = [(({"rootfs": "local-zfs:4", **points}), ())]
    for _ in range(data.draw(st.integers(0, 3))):
        keys = sorted(key for key in config.options if key.startswith(("mp", "unused")))
        steps.append(
            (
                data.draw(_POINTS),
                tuple(data.draw(st.lists(st.sampled_from(["mp0", "mp1", "unused0", *keys])))),
            )
        )
    for number, (values, delete) in enumerate(steps):
        kept = {key: value for key, value in values.items() if key not in delete}
        change = plan_change(
            100, config, values=kept, delete=delete, running=running and number > 0, volumes=known
        )
        known.update({volume.volid: volume for volume in change.made})
        for volid in change.removed:
            del known[volid]
        config = change.config
        assert {v for v in config.volumes() if "disk" in v} == set(known)
    final = plan_change(100, config, running=False, volumes=known)
    assert not final.config.pending
    assert not final.config.pending_delete


def test_an_interface_keeps_its_address_when_it_is_changed() -> None:
    change = plan_change(
        100,
        GuestConfig(options={"net0": "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:AA:AA:AA,type=veth"}),
        values={"net0": "name=eth0,bridge=vmbr1"},
        running=True,
        volumes={},
        hwaddr=lambda: "BC:24:11:BB:BB:BB",
    )
    assert change.config.options["net0"] == (
        "name=eth0,bridge=vmbr1,hwaddr=BC:24:11:AA:AA:AA,type=veth"
    )


def test_setting_an_option_takes_its_pending_removal_back() -> None:
    config = GuestConfig(
        options={"nameserver": "1.1.1.1"}, pending_delete=frozenset({"nameserver"})
    )
    change = plan_change(100, config, values={"nameserver": "1.1.1.1"}, running=True, volumes={})
    assert change.config == GuestConfig(options={"nameserver": "1.1.1.1"})


def test_an_empty_description_removes_it() -> None:
    config = GuestConfig(options={"description": "old\n"})
    change = plan_change(100, config, values={"description": ""}, running=False, volumes={})
    assert change.config.options == {}

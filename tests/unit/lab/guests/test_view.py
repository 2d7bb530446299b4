from __future__ import annotations

from homelab.lab.guests.view import guest_of
from homelab.lab.runtime import Guest, Nic, Volume
from homelab.pve.guest_config import GuestConfig


def test_an_empty_configuration_has_pves_defaults() -> None:
    assert guest_of(100, GuestConfig(options={})) == Guest(
        vmid=100,
        hostname="CT100",
        cores=None,
        cpulimit=0,
        cpuunits=100,
        memory=512,
        swap=512,
    )


def test_the_runtime_is_told_in_numbers_what_the_configuration_says_in_text() -> None:
    config = GuestConfig(
        options={
            "hostname": "web",
            "cores": "2",
            "cpulimit": "1.5",
            "rootfs": "local-zfs:subvol-100-disk-0,size=4G",
            "mp1": "local-zfs:subvol-100-disk-2,mp=/b,size=512M",
            "mp0": "local-zfs:subvol-100-disk-1,mp=/a,ro=1,size=1G",
            "unused0": "local-zfs:subvol-100-disk-9",
            "net0": "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=10.0.0.5/24,gw=10.0.0.1",
            "net1": "name=eth1,bridge=vmbr1,hwaddr=BC:24:11:00:00:02,mtu=1400,link_down=1",
            "net2": "name=eth2,hwaddr=BC:24:11:00:00:03",
        }
    )
    guest = guest_of(100, config)
    assert (guest.cores, guest.cpulimit) == (2, 1.5)
    assert guest.volumes == (
        Volume(volid="local-zfs:subvol-100-disk-0", path="/", size=4 << 30),
        Volume(volid="local-zfs:subvol-100-disk-1", path="/a", size=1 << 30, read_only=True),
        Volume(volid="local-zfs:subvol-100-disk-2", path="/b", size=512 << 20),
    )
    assert guest.nics == (
        Nic(
            name="eth0",
            bridge="vmbr0",
            hwaddr="BC:24:11:00:00:01",
            ip="10.0.0.5/24",
            gateway="10.0.0.1",
        ),
        Nic(name="eth1", bridge="vmbr1", hwaddr="BC:24:11:00:00:02", mtu=1400, link_down=True),
    )

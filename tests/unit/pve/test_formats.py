from __future__ import annotations

from homelab.pve import formats


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

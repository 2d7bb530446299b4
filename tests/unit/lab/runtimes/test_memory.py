from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from homelab.lab.runtime import (
    Bridge,
    Credentials,
    Guest,
    InterfaceAddress,
    Nic,
    RuntimeFailureError,
    Volume,
)
from homelab.lab.runtimes.memory import MemoryRuntime

_BRIDGES = (Bridge(name="vmbr0", address="10.10.0.1/24"),)
_ROOT = Volume(volid="local-zfs:subvol-100-disk-0", path="/", size=1 << 30)
_DATA = Volume(volid="local-zfs:subvol-100-disk-1", path="/data", size=1 << 30)
_NIC = Nic(name="eth0", bridge="vmbr0", hwaddr="BC:24:11:00:00:01", ip="10.10.0.5/24")


def _guest(*volumes: Volume, vmid: int = 100, nics: tuple[Nic, ...] = ()) -> Guest:
    return Guest(vmid=vmid, hostname="web", volumes=volumes, nics=nics)


def _quiet(_line: str) -> None:
    pass


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[MemoryRuntime]:
    made = MemoryRuntime(tmp_path)
    made.open(_BRIDGES)
    yield made
    made.close()


def _create(runtime: MemoryRuntime, guest: Guest) -> None:
    runtime.create(guest, template="T", credentials=Credentials(), log=_quiet)


def test_what_runs_outlives_the_server_and_not_the_node(runtime, tmp_path: Path) -> None:
    runtime.start(_guest(), log=_quiet)
    runtime.start(_guest(vmid=101), log=_quiet)
    runtime.stop(_guest(vmid=101), log=_quiet)
    with closing(MemoryRuntime(tmp_path)) as again:
        assert again.open(_BRIDGES) == runtime.open(_BRIDGES)
        assert set(again.running()) == {100}
        again.shut_node([_guest()])
    with closing(MemoryRuntime(tmp_path)) as boot:
        assert boot.open(_BRIDGES) != runtime._boot_id
        assert boot.running() == {}


def test_it_counts_what_starts_and_stops(runtime) -> None:
    before = runtime.changes()
    runtime.start(_guest(), log=_quiet)
    assert runtime.changes() > before


def test_a_bridge_that_is_not_there_is_refused_as_by_lxc(runtime) -> None:
    lost = Nic(name="eth0", bridge="vmbr9", hwaddr="BC:24:11:00:00:01")
    with pytest.raises(RuntimeFailureError, match="bridge 'vmbr9' does not exist"):
        runtime.start(_guest(nics=(lost,)), log=_quiet)
    assert runtime.running() == {}
    with pytest.raises(RuntimeFailureError, match="vmbr9"):
        runtime.apply(_guest(nics=(_NIC,)), _guest(nics=(_NIC, lost)), log=_quiet)
    runtime.apply(_guest(nics=(lost,)), _guest(nics=(lost,)), log=_quiet)  # it was there before


def test_volumes_come_and_go_with_the_configuration(runtime) -> None:
    _create(runtime, _guest(_ROOT))
    assert runtime.volumes.content(_ROOT.volid) == "T"
    runtime.apply(_guest(_ROOT), _guest(_ROOT, _DATA), log=_quiet)
    runtime.volumes.write(_DATA.volid, "words")
    runtime.apply(_guest(_ROOT, _DATA), _guest(_ROOT, _DATA), log=_quiet)
    assert runtime.volumes.content(_DATA.volid) == "words"
    runtime.apply(_guest(_ROOT, _DATA), _guest(_ROOT), log=_quiet)
    assert runtime.volumes.all() == (_ROOT.volid,)
    runtime.destroy(_guest(_ROOT), log=_quiet)
    runtime.destroy(_guest(_ROOT), log=_quiet)
    assert runtime.volumes.all() == ()


def test_a_snapshot_can_be_gone_back_to_and_cloned(runtime) -> None:
    guest, copy = _guest(_ROOT), _guest(Volume(volid="z:subvol-101-disk-0", path="/", size=0))
    _create(runtime, guest)
    runtime.snapshot(guest, "one", log=_quiet)
    runtime.volumes.write(_ROOT.volid, "later")
    runtime.clone(guest, copy, snapshot="one", linked=False, log=_quiet)
    assert runtime.volumes.content("z:subvol-101-disk-0") == "T"
    runtime.rollback(guest, "one", log=_quiet)
    assert runtime.volumes.content(_ROOT.volid) == "T"


def test_a_backup_is_restored_by_paths(runtime, tmp_path: Path) -> None:
    _create(runtime, _guest(_ROOT, _DATA))
    runtime.volumes.write(_DATA.volid, "words")
    archive = tmp_path / "dump" / "a.tar.zst"
    size = runtime.backup(_guest(_ROOT, _DATA), archive, config="", log=_quiet)
    assert size == archive.stat().st_size
    other = Volume(volid="z:subvol-101-disk-1", path="/data", size=0)
    new = Volume(volid="z:subvol-101-disk-2", path="/new", size=0)
    target = _guest(other, new, vmid=101)
    runtime.restore(target, archive, credentials=Credentials(), log=_quiet)
    assert runtime.volumes.content(other.volid) == "words"
    assert runtime.volumes.content(new.volid) == ""
    archive.write_text("no archive")
    with pytest.raises(RuntimeFailureError, match="can't read archive"):
        runtime.restore(target, archive, credentials=Credentials(), log=_quiet)


def test_addresses_are_those_that_were_given(runtime) -> None:
    leased = Nic(name="eth1", bridge="vmbr0", hwaddr="BC:24:11:00:00:02", ip="dhcp")
    loopback, eth0 = runtime.addresses(_guest(nics=(_NIC, leased)))
    assert loopback.interface == "lo"
    assert eth0 == InterfaceAddress(
        interface="eth0", hwaddr=_NIC.hwaddr, address="10.10.0.5", prefix=24, family=4
    )


def test_it_says_that_nothing_runs_and_leaves_nothing(runtime, tmp_path: Path) -> None:
    assert "no container runs" in runtime.notes()[0]
    assert (runtime.network_namespace(), runtime.mount_namespace()) == (None, None)
    runtime.start(_guest(), log=_quiet)
    runtime.destroy_node()
    runtime.destroy_node()
    assert list(tmp_path.iterdir()) == []

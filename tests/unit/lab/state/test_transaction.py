from __future__ import annotations

from homelab.lab.state.database import VolumeRecord
from homelab.pve.guest_config import GuestConfig

CONFIG = GuestConfig(options={"hostname": "web"})


def test_a_guest_goes_with_everything_that_is_its_own(state) -> None:
    with state.transaction() as transaction:
        for vmid in (100, 101):
            transaction.add_guest(vmid, CONFIG)
            volume = VolumeRecord(volid=f"z:subvol-{vmid}-disk-0", vmid=vmid, size=1, ctime=1)
            transaction.put_volume(volume)
        transaction.add_pool("media", "")
        transaction.put_pool_guest(100, "media")
    with state.transaction() as transaction:
        transaction.remove_guest(100)
    assert state.vmids() == {101}
    assert [volume.vmid for volume in state.volumes()] == [101]
    assert state.pool("media").vmids == ()


def test_a_guest_is_in_one_pool_and_a_pool_may_go_without_its_members(state) -> None:
    with state.transaction() as transaction:
        transaction.add_guest(100, CONFIG)
        assert transaction.add_pool("a", "first")
        assert not transaction.add_pool("a", "second")
        transaction.add_pool("b", "")
        transaction.put_pool_guest(100, "a")
        transaction.put_pool_guest(100, "b")
        transaction.put_pool_storage("b", "local", member=True)
        transaction.put_pool_storage("b", "local", member=True)
        transaction.put_pool_comment("a", "changed")
    assert (state.pool("a").comment, state.pool("a").vmids) == ("changed", ())
    assert (state.pool("b").vmids, state.pool("b").storages) == ((100,), ("local",))
    with state.transaction() as transaction:
        transaction.remove_pool("b")
    assert state.pool("b") is None
    assert state.vmids() == {100}


def test_it_knows_what_it_touched(state) -> None:
    with state.transaction() as transaction:
        assert (transaction.guests, transaction.changes_pools) == (set(), False)
        transaction.add_task("UPID:x", 1)
        transaction.put_meta("key", "value")
        assert not transaction.changes_more
        transaction.put_running(100, running=True)
        transaction.put_node(101, "pve2")
        assert transaction.guests == {100, 101}
        transaction.remove_volume("none")
        assert transaction.changes_more


def test_the_newest_tasks_stay_and_so_does_what_runs(state) -> None:
    with state.transaction() as transaction:
        for number in range(6):
            transaction.add_task(f"UPID:{number}", number)
            if number != 1:
                transaction.end_task(f"UPID:{number}", number + 1, "OK")
        assert sorted(transaction.trim_tasks(2)) == ["UPID:0", "UPID:2", "UPID:3"]
    assert {record.upid for record in state.tasks()} == {"UPID:1", "UPID:4", "UPID:5"}

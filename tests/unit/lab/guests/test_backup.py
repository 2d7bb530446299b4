from __future__ import annotations

ROOT = "local-zfs:subvol-100-disk-0"


CONTENT = "/nodes/pve/storage/local/content"


def _do(node, method: str, path: str, **parameters: object) -> str:
    return str(node.wait(node.ask(method, path, **parameters).data)["exitstatus"])


def _backups(node) -> list[dict]:
    return list(node.ask("GET", CONTENT, content="backup").data)


def _back_up(node, **parameters: object) -> str:
    assert _do(node, "POST", "/nodes/pve/vzdump", **{"vmid": 100, **parameters}) == "OK"
    return str(_backups(node)[-1]["volid"])


def test_a_guest_that_is_there_is_replaced_by_force_only(node) -> None:
    node.create(hostname="web", net0="name=eth0,bridge=vmbr0")
    node.runtime.volumes.write(ROOT, "then")
    volid = _back_up(node)
    node.runtime.volumes.write(ROOT, "now")
    again = {"vmid": 100, "ostemplate": volid, "restore": 1}
    answer = node.ask("POST", "/nodes/pve/lxc", **again)
    assert answer.reason == "unable to restore CT 100 - CT 100 already exists on node 'pve'"
    before = node.config()["net0"]
    assert _do(node, "POST", "/nodes/pve/lxc", **again, force=1, unique=1) == "OK"
    assert node.runtime.volumes.content(ROOT) == "then"
    assert node.config()["net0"] != before


def test_mount_points_are_in_a_backup_when_they_say_so(node) -> None:
    node.create(mp0="local-zfs:1,mp=/a,backup=1", mp1="local-zfs:1,mp=/b")
    node.runtime.volumes.write("local-zfs:subvol-100-disk-1", "kept")
    node.runtime.volumes.write("local-zfs:subvol-100-disk-2", "left out")
    volid = _back_up(node)
    assert _do(node, "POST", "/nodes/pve/lxc", vmid=101, ostemplate=volid, restore=1) == "OK"
    assert node.runtime.volumes.content("local-zfs:subvol-101-disk-1") == "kept"
    assert node.runtime.volumes.content("local-zfs:subvol-101-disk-2") == ""


def test_old_backups_are_pruned_and_protected_ones_stay(node) -> None:
    node.create()
    first = _back_up(node, protected=1)
    for _ in range(3):
        _back_up(node, **{"prune-backups": "keep-last=1"})
    assert len(_backups(node)) == 2
    answer = node.ask("DELETE", f"{CONTENT}/{first}")
    assert answer.reason == f"cannot remove protected volume '{first}' on 'pve'"
    node.ask("PUT", f"{CONTENT}/{first}", protected=0)
    assert _do(node, "DELETE", f"{CONTENT}/{first}") == "OK"
    assert len(_backups(node)) == 1


def test_one_failed_guest_fails_the_job_and_not_the_others(node) -> None:
    node.create(100)
    node.create(101)
    node.ask("PUT", "/nodes/pve/lxc/101/config", lock="migrate")
    status = node.wait(node.ask("POST", "/nodes/pve/vzdump", vmid="101,100").data)
    assert status["exitstatus"] == "job errors"
    assert [row["vmid"] for row in _backups(node)] == [100]
    assert "ERROR: Backup of VM 101 failed - CT is locked (migrate)" in node.log(status["upid"])

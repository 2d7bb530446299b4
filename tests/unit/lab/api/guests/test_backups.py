from __future__ import annotations

L = "/nodes/pve/lxc/100"
ROOT = "local-zfs:subvol-100-disk-0"
CONTENT = "/nodes/pve/storage/local/content"


def _do(node, method: str, path: str, **parameters: object) -> str:
    return str(node.wait(node.ask(method, path, **parameters).data)["exitstatus"])


def _backups(node) -> list[dict]:
    return list(node.ask("GET", CONTENT, content="backup").data)


def _back_up(node, **parameters: object) -> str:
    assert _do(node, "POST", "/nodes/pve/vzdump", **{"vmid": 100, **parameters}) == "OK"
    return str(_backups(node)[-1]["volid"])


def test_a_guest_comes_back_from_its_backup(node) -> None:
    node.create(hostname="web", cores=2, net0="name=eth0,bridge=vmbr0", start=1)
    node.runtime.volumes.write(ROOT, "words")
    volid = _back_up(node, **{"notes-template": "before", "compress": "zstd"})
    (row,) = _backups(node)
    assert (row["vmid"], row["notes"], row["content"]) == (100, "before", "backup")
    assert node.status()["status"] == "running"
    hwaddr = node.config()["net0"]
    assert _do(node, "DELETE", L, force=1) == "OK"
    ended = _do(node, "POST", "/nodes/pve/lxc", vmid=100, ostemplate=volid, restore=1, cores=4)
    assert ended == "OK"
    config = node.config()
    assert (config["hostname"], config["cores"], config["net0"]) == ("web", 4, hwaddr)
    assert node.runtime.volumes.content(ROOT) == "words"


def test_what_can_not_be_backed_up_or_restored(node) -> None:
    assert node.ask("POST", "/nodes/pve/vzdump").errors.keys() == {"vmid"}
    assert node.ask("POST", "/nodes/pve/vzdump", vmid=100, storage="local-zfs").reason == (
        "can't use storage 'local-zfs' for backups - wrong content type"
    )
    answer = node.ask(
        "POST", "/nodes/pve/lxc", vmid=100, ostemplate="local:backup/none.tar.zst", restore=1
    )
    assert answer.reason == "can't find file 'local:backup/none.tar.zst'"


def test_force_is_for_restoring_and_harmless_else(node) -> None:
    assert node.create(force=1)["exitstatus"] == "OK"
    answer = node.ask("POST", "/nodes/pve/lxc", vmid=101, ostemplate="x", unique=1)
    assert answer.errors == {"restore": "missing property - 'unique' requires this property"}


def test_a_node_backs_up_its_own_guests(open_node) -> None:
    node = open_node(nodes=("pve", "pve2"))
    node.create()
    assert node.ask("POST", "/nodes/pve2/vzdump", vmid=100).data == "OK"


def test_backups_outlive_the_server(open_node) -> None:
    before = open_node()
    before.create()
    volid = _back_up(before)
    after = open_node()
    config = after.ask("GET", "/nodes/pve/vzdump/extractconfig", volume=volid).data
    assert "rootfs: local-zfs:subvol-100-disk-0,size=4G" in config
    assert _do(after, "POST", "/nodes/pve/lxc", vmid=101, ostemplate=volid, restore=1) == "OK"

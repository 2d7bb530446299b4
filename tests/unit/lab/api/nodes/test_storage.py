from __future__ import annotations


def test_storages_and_templates(node) -> None:
    names = [row["storage"] for row in node.ask("GET", "/storage").data]
    assert names == ["local", "local-zfs", "local-dir"]
    rows = node.ask("GET", "/nodes/pve/storage", content="rootdir").data
    assert [row["storage"] for row in rows] == ["local-zfs", "local-dir"]
    templates = node.ask("GET", "/nodes/pve/storage/local/content", content="vztmpl").data
    assert {row["format"] for row in templates} == {"tzst"}
    answer = node.ask("GET", "/nodes/pve/storage/nas/status")
    assert (answer.status, answer.reason) == (500, "storage 'nas' does not exist")


def test_the_space_of_a_storage_is_its_own(node) -> None:
    node.create(rootfs="local-zfs:2", mp0="local-dir:1,mp=/data")
    used = {row["storage"]: row["used"] for row in node.ask("GET", "/nodes/pve/storage").data}
    assert (used["local-zfs"], used["local-dir"]) == (2 << 30, 1 << 30)

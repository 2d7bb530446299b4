from __future__ import annotations

L = "/nodes/pve/lxc/100"


CLONE = "/nodes/pve/lxc/101"


ROOT = "local-zfs:subvol-100-disk-0"


def _do(node, method: str, path: str, **parameters: object) -> str:
    return str(node.wait(node.ask(method, path, **parameters).data)["exitstatus"])


def _make_template(node) -> None:
    assert node.ask("POST", f"{L}/template").data is None
    for row in node.ask("GET", "/nodes/pve/tasks", source="all").data:
        node.wait(row["upid"])


def test_a_full_clone_has_the_content_and_a_mac_of_its_own(node) -> None:
    node.create(
        hostname="web", net0="name=eth0,bridge=vmbr0,ip=10.10.0.9/24", mp0="local-zfs:1,mp=/data"
    )
    node.runtime.volumes.write(ROOT, "words")
    assert _do(node, "POST", f"{L}/clone", newid=101, hostname="web2", description="a copy") == "OK"
    source, copy = node.config(100), node.config(101)
    assert copy["hostname"] == "web2"
    assert copy["description"] == "a copy\n"
    assert copy["rootfs"] == "local-zfs:subvol-101-disk-0,size=4G"
    assert copy["mp0"] == "local-zfs:subvol-101-disk-1,mp=/data,size=1G"
    assert copy["net0"] != source["net0"]
    assert {"lock", "parent"}.isdisjoint({*source, *copy})
    assert node.runtime.volumes.content("local-zfs:subvol-101-disk-0") == "words"
    node.runtime.volumes.write("local-zfs:subvol-101-disk-0", "other")
    assert node.runtime.volumes.content(ROOT) == "words"


def test_a_linked_clone_needs_a_template_and_keeps_it_alive(node) -> None:
    node.create()
    answer = node.ask("POST", f"{L}/clone", newid=101, full=0)
    assert answer.reason == f"Linked clone feature for '{ROOT}' is not available"
    assert node.ask("GET", f"{L}/feature", feature="clone").data == {"hasFeature": 0}
    _make_template(node)
    config = node.config()
    assert (config["template"], config["rootfs"]) == (
        1,
        "local-zfs:basevol-100-disk-0,size=4G",
    )
    assert node.status()["template"] == 1
    assert node.ask("GET", f"{L}/feature", feature="clone").data == {"hasFeature": 1}
    answer = node.ask("POST", f"{L}/clone", newid=101, storage="local-zfs", full=0)
    assert answer.reason == "parameter 'storage' not allowed for linked clones"
    assert _do(node, "POST", f"{L}/clone", newid=101) == "OK"
    copy = node.config(101)
    assert "template" not in copy
    assert copy["rootfs"] == "local-zfs:basevol-100-disk-0/subvol-101-disk-0,size=4G"
    answer = node.ask("DELETE", L)
    assert "is still in use by linked clone" in answer.reason
    assert _do(node, "DELETE", CLONE) == "OK"
    assert _do(node, "DELETE", L) == "OK"
    assert node.runtime.volumes.all() == ()


def test_what_is_in_raw_images_has_no_linked_clones(node) -> None:
    node.create(rootfs="local-dir:1", mp0="local-dir:0,mp=/data")
    assert node.config()["rootfs"] == "local-dir:100/vm-100-disk-0.raw,size=1G"
    assert node.config()["mp0"].startswith("local-dir:100/subvol-100-disk-1.subvol,mp=/data")
    _make_template(node)
    base = "local-dir:100/base-100-disk-0.raw"
    assert node.config()["rootfs"] == f"{base},size=1G"
    assert node.config()["mp0"].startswith("local-dir:100/basevol-100-disk-1.subvol,mp=/data")
    assert node.ask("GET", f"{L}/feature", feature="clone").data == {"hasFeature": 0}
    assert node.ask("GET", f"{L}/feature", feature="copy").data == {"hasFeature": 1}
    answer = node.ask("POST", f"{L}/clone", newid=101, full=0)
    assert answer.reason == f"Linked clone feature for '{base}' is not available"
    assert _do(node, "POST", f"{L}/clone", newid=101, full=1) == "OK"
    assert node.config(101)["rootfs"] == "local-dir:101/vm-101-disk-0.raw,size=1G"
    assert _do(node, "POST", f"{L}/clone", newid=102, full=1, storage="local-zfs") == "OK"
    assert node.config(102)["rootfs"] == "local-zfs:subvol-102-disk-0,size=1G"

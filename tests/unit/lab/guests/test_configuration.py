from __future__ import annotations

L = "/nodes/pve/lxc/100"


def test_volumes_grow_and_never_shrink(node) -> None:
    node.create(mp0="local-zfs:1,mp=/data")
    upid = node.ask("PUT", f"{L}/resize", disk="mp0", size="2G").data
    assert node.wait(upid)["type"] == "resize"
    assert node.config()["mp0"] == "local-zfs:subvol-100-disk-1,mp=/data,size=2G"
    node.wait(node.ask("PUT", f"{L}/resize", disk="rootfs", size="+512M").data)
    assert node.config()["rootfs"].endswith(",size=4608M")
    assert node.ask("PUT", f"{L}/resize", disk="mp0", size="1G").reason == (
        "unable to shrink disk size"
    )
    assert node.ask("PUT", f"{L}/resize", disk="mp0", size="2G").reason == (
        "disk is already at specified size"
    )
    assert node.ask("PUT", f"{L}/resize", disk="mp5", size="2G").status == 500
    sizes = {
        row["volid"]: row["size"]
        for row in node.ask("GET", "/nodes/pve/storage/local-zfs/content").data
    }
    assert sizes["local-zfs:subvol-100-disk-1"] == 2 << 30

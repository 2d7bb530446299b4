from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab import process
from homelab.errors import CapabilityError
from homelab.lab.host.machine import Host
from homelab.lab.host.namespaces import Node
from homelab.lab.images.ownership import ID_BASE
from homelab.lab.runtime import RuntimeFailureError, Volume
from homelab.lab.volumes import node_volumes, pool, raw_images
from homelab.lab.volumes.node_volumes import NodeVolumes, RootVolume, room, template_size

ROOT = Volume(volid="s:subvol-1-disk-0", path="/", size=0)
DATA = Volume(volid="s:subvol-1-disk-1", path="/srv", size=0)


@pytest.fixture
def owners(monkeypatch):
    seen: dict[str, int] = {}
    monkeypatch.setattr(
        node_volumes.os, "chown", lambda path, uid, _: seen.update({path.name: uid})
    )
    return seen


@pytest.fixture
def volumes(tmp_path: Path) -> NodeVolumes:
    """Not opened, so that every storage is one of plain directories."""
    return NodeVolumes(tmp_path, Node(tmp_path, "pve"))


def layers(tmp_path: Path, *sizes: int) -> tuple[Path, ...]:
    made = []
    for number, size in enumerate(sizes):
        tree = tmp_path / f"layer{number}-{size}/rootfs"
        tree.mkdir(parents=True)
        (tree.parent / "template.json").write_text(json.dumps({"name": "t", "size": size}))
        made.append(tree)
    return tuple(made)


def test_volumes_have_a_directory_each(volumes, tmp_path):
    assert volumes.path("local-zfs:subvol-201-disk-0") == tmp_path / "local-zfs/subvol-201-disk-0"


def test_a_linked_clone_has_a_directory_of_its_own(volumes, tmp_path):
    path = volumes.path("local-zfs:basevol-100-disk-0/subvol-101-disk-0")
    assert path == tmp_path / "local-zfs/subvol-101-disk-0"


@pytest.mark.parametrize(
    "volid",
    ["/srv/host", "local:../x", "local:", "a b:c", "local:a/../b", "local:a/b/c", "l:a/", ""],
)
def test_what_is_no_volume_is_refused(volumes, volid):
    with pytest.raises(RuntimeFailureError, match="unable to parse volume ID"):
        volumes.path(volid)


def test_a_root_volume_starts_empty_each_time(volumes, tmp_path, owners):
    below = layers(tmp_path, 10, 20)
    root = volumes.make_root(ROOT, below)
    (root.upper / "half").write_text("done")
    root = volumes.make_root(ROOT, below)
    assert list(root.upper.iterdir()) == []
    assert root.layers() == below
    assert owners["upper"] == owners["work"] == ID_BASE
    assert owners["subvol-1-disk-0"] == 0


def test_a_template_that_does_not_fit_is_refused(volumes, tmp_path, owners):
    below = layers(tmp_path, 3 << 20, 2 << 20)
    assert template_size(below) == 5 << 20
    small = Volume(volid=ROOT.volid, path="/", size=4 << 20)
    with pytest.raises(RuntimeFailureError, match=r"no space left .* takes 5 MiB.* has 4 MiB"):
        volumes.make_root(small, below)
    assert not volumes.path(ROOT.volid).exists()


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 40))
def test_room_is_never_no_limit_by_accident(size, taken):
    left = room(size, taken)
    assert (left == 0) == (size == 0)
    assert size == 0 or left == max(size - taken, 1 << 20)


def test_a_mount_points_volume_keeps_its_content(volumes, owners):
    (volumes.make(DATA) / "data").write_text("kept")
    assert (volumes.make(DATA) / "data").read_text() == "kept"
    assert owners["subvol-1-disk-1"] == ID_BASE


def test_freeing_twice_is_fine(volumes, owners):
    path = volumes.make(DATA)
    os.mkfifo(path / "pipe")
    volumes.free(DATA.volid)
    volumes.free(DATA.volid)
    assert not path.exists()


def test_snapshots_of_plain_directories_are_copies(volumes, owners):
    path = volumes.make(DATA)
    backend, name = volumes.backend(DATA.volid)
    (path / "word").write_text("one")
    backend.snapshot(name, "s1")
    (path / "word").write_text("two")
    backend.snapshot(name, "s2")
    (path / "more").touch()
    backend.rollback(name, "s1", 0)
    assert [file.name for file in path.iterdir()] == ["word"]
    assert (path / "word").read_text() == "one"
    assert (backend.snapshot_path(name, "s2") / "word").read_text() == "two"
    backend.delete_snapshot(name, "s1")
    backend.delete_snapshot(name, "s1")
    with pytest.raises(RuntimeFailureError, match="'subvol-1-disk-1@s1' does not exist"):
        backend.rollback(name, "s1", 0)
    volumes.free(DATA.volid)
    assert not backend.snapshot_path(name, "s2").exists()


def test_a_copy_of_a_plain_directory_and_its_new_name(volumes, owners):
    (volumes.make(DATA) / "word").write_text("one")
    other = Volume(volid="s:subvol-2-disk-1", path="/srv", size=0)
    volumes.copy(DATA, other, snapshot=None)
    (volumes.path(DATA.volid) / "word").write_text("two")
    assert (volumes.path(other.volid) / "word").read_text() == "one"
    backend, name = volumes.backend(other.volid)
    for _ in range(2):
        backend.rename(name, "basevol-2-disk-1")
    assert (volumes.path("s:basevol-2-disk-1") / "word").read_text() == "one"
    with pytest.raises(RuntimeFailureError, match=r"volume 's:subvol-2-disk-1' does not exist"):
        volumes.copy(other, DATA, snapshot=None)


def test_a_volume_without_a_template_is_whole_by_itself(tmp_path):
    (tmp_path / "template").write_text("")
    assert RootVolume(path=tmp_path).layers() == ()


def test_paths_in_a_node(tmp_path):
    node = Node(tmp_path, "pve")
    assert node.shown(Path("/proc/77/root/a/b")) == Path("/a/b")
    assert node.shown(Path("/proc/77/root")) == Path("/")
    assert node.shown(Path("/a/b")) == Path("/a/b")
    assert not node.has_mount(Path("/"))
    with pytest.raises(CapabilityError, match="not up"):
        node.seen(Path("/a"))


def test_programs_of_the_storages_are_found_whatever_path_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(process, "_SBIN", (str(tmp_path / "sbin"),))
    monkeypatch.setattr(Host, "knows", lambda *_: True)
    before = (pool.missing(), raw_images.missing())
    (tmp_path / "sbin").mkdir()
    for name in ("mkfs.btrfs", "mkfs.ext4"):
        (tmp_path / "sbin" / name).touch(mode=0o755)
    after = (pool.missing(), raw_images.missing())

    assert before == (
        "mkfs.btrfs is not installed (package btrfs-progs)",
        "mkfs.ext4 is not installed (package e2fsprogs)",
    )
    assert set(after) <= {None, "the kernel has no loop devices"}

"""What keeps volumes, without containers: work that was cut off is done again, and sizes hold.

Needs root, and a kernel with btrfs and loop devices.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from homelab.lab.host.namespaces import Node
from homelab.lab.runtime import RuntimeFailureError, Volume
from homelab.lab.volumes import RawImages, Subvolumes, btrfs, loops
from homelab.lab.volumes.node_volumes import NodeVolumes
from homelab.polling import wait_until

pytestmark = [pytest.mark.usefixtures("able"), pytest.mark.timeout(120)]


@pytest.fixture
def node(able: None, tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path, "pve")
    made.up(())
    yield made
    made.down()
    assert loops.release(tmp_path)


@pytest.fixture
def storage(node: Node, tmp_path: Path) -> NodeVolumes:
    made = NodeVolumes(tmp_path / "storage", node)
    made.open()
    return made


@pytest.fixture
def subvolumes(storage: NodeVolumes) -> Subvolumes:
    backend, _ = storage.backend("local-zfs:subvol-1-disk-0")
    assert isinstance(backend, Subvolumes)
    return backend


@pytest.fixture
def images(storage: NodeVolumes) -> RawImages:
    backend, _ = storage.backend("local-dir:1/vm-1-disk-0.raw")
    assert isinstance(backend, RawImages)
    return backend


def test_a_rollback_that_was_cut_off_anywhere_is_done_again(subvolumes: Subvolumes) -> None:
    subvolumes.make("v", 0)
    path = subvolumes.path("v")
    (path / "word").write_text("one")
    subvolumes.snapshot("v", "s1")
    kept = subvolumes.snapshot_path("v", "s1")
    (path / "word").write_text("two")
    # Cut off after the new subvolume was made, and after the old one was removed.
    btrfs.snapshot(kept, path.with_name("v.new"), read_only=False)
    (path.with_name("v.new") / "word").write_text("half")
    subvolumes.rollback("v", "s1", 0)
    assert (path / "word").read_text() == "one"
    btrfs.delete(path)
    subvolumes.rollback("v", "s1", 0)
    assert (path / "word").read_text() == "one"
    assert sorted(p.name for p in path.parent.iterdir()) == ["v"]
    with pytest.raises(OSError, match="Read-only file system"):
        (kept / "word").write_text("never")


def test_snapshots_and_frees_can_be_repeated(subvolumes: Subvolumes) -> None:
    subvolumes.make("v", 0)
    for word in ("one", "two"):
        (subvolumes.path("v") / "word").write_text(word)
        subvolumes.snapshot("v", "s1")
    assert (subvolumes.snapshot_path("v", "s1") / "word").read_text() == "two"
    for _ in range(2):
        subvolumes.delete_snapshot("v", "s1")
    subvolumes.snapshot("v", "s2")
    btrfs.create(subvolumes.path("v") / "of-its-own")
    for _ in range(2):
        subvolumes.free("v")
    assert not subvolumes.path("v").exists()
    assert not subvolumes.snapshot_path("v", "s2").exists()
    with pytest.raises(RuntimeFailureError, match="'v@s2' does not exist"):
        subvolumes.rollback("v", "s2", 0)


def test_a_clone_shares_and_has_a_limit_of_its_own(subvolumes: Subvolumes) -> None:
    subvolumes.make("basevol-1-disk-0", 0)
    source = subvolumes.path("basevol-1-disk-0")
    (source / "big").write_bytes(b"x" * (8 << 20))
    assert subvolumes.clone(source, "basevol-1-disk-0/subvol-2-disk-0", 10 << 20)
    clone = subvolumes.path("subvol-2-disk-0")
    assert (clone / "big").stat().st_size == 8 << 20

    def write(size: int) -> None:
        with (clone / "more").open("wb") as file:
            file.write(b"y" * size)
            file.flush()
            os.fsync(file.fileno())

    with pytest.raises(OSError, match="quota") as failure:
        write(8 << 20)
    assert failure.value.errno == errno.EDQUOT
    (clone / "more").unlink()
    subvolumes.limit("subvol-2-disk-0", 40 << 20)
    write(8 << 20)
    wait_until(
        lambda: subvolumes.used("subvol-2-disk-0") >= 16 << 20, what="the next commit", timeout=20
    )
    assert not subvolumes.clone(Path("/etc"), "x", 0), "what is elsewhere is copied instead"


def test_an_image_is_a_file_system_of_its_size(images: RawImages, node: Node) -> None:
    name = "1/vm-1-disk-0.raw"
    assert images.make(name, 32 << 20)
    assert not images.make(name, 32 << 20)
    path = images.path(name)
    (path / "word").write_text("kept")
    with pytest.raises(OSError, match="No space left") as failure:
        (path / "big").write_bytes(b"x" * (40 << 20))
    assert failure.value.errno == errno.ENOSPC
    assert images.used(name) > 20 << 20
    (path / "big").unlink()
    assert images.limit(name, 64 << 20) is None, "nobody uses it, so that it grows at once"
    (images.path(name) / "big").write_bytes(b"x" * (40 << 20))
    assert (images.path(name) / "word").read_text() == "kept"
    images.rename(name, "1/base-1-disk-0.raw")
    images.rename(name, "1/base-1-disk-0.raw")
    assert (images.path("1/base-1-disk-0.raw") / "word").read_text() == "kept"
    for _ in range(2):
        images.free("1/base-1-disk-0.raw")
    assert not [file for file in loops.devices(node.directory.parent).values() if "raw" in file]


def test_an_image_in_use_is_never_touched_behind_its_users_back(
    images: RawImages,
) -> None:
    """Where the kernel refuses to grow it in use, it grows once nobody uses it."""
    name = "1/vm-1-disk-0.raw"
    images.make(name, 32 << 20)
    path = images.path(name)
    with (path / "open").open("wb") as user:
        late = images.limit(name, 64 << 20)
        user.write(b"x")
    if late is not None:
        assert "at the next start" in late
        images.settle(name)
    (images.path(name) / "big").write_bytes(b"x" * (40 << 20))


def test_a_copy_between_storages_keeps_owners_and_attributes(storage: NodeVolumes) -> None:
    source = Volume(volid="local-zfs:subvol-1-disk-1", path="/srv", size=32 << 20)
    target = Volume(volid="local-dir:2/vm-2-disk-1.raw", path="/srv", size=32 << 20)
    file = storage.make(source) / "word"
    file.write_text("one")
    os.chown(file, 100033, 100044)
    os.setxattr(file, "user.note", b"x")
    for _ in range(2):
        storage.copy(source, target, snapshot=None)
    copy = storage.path(target.volid) / "word"
    assert (copy.stat().st_uid, copy.stat().st_gid) == (100033, 100044)
    assert os.getxattr(copy, "user.note") == b"x"
    assert storage.path(target.volid).stat().st_uid == 100000


def test_volumes_are_there_again_when_the_node_is(node: Node, storage: NodeVolumes) -> None:
    volume = Volume(volid="local-zfs:subvol-1-disk-1", path="/srv", size=0)
    (storage.make(volume) / "word").write_text("kept")
    node.down()
    assert storage.release()
    node.up(())
    again = NodeVolumes(node.directory.parent / "storage", node)
    again.open()
    again.open()
    assert (again.path(volume.volid) / "word").read_text() == "kept"


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for _ in range(500):
            file.write(os.urandom(1 << 20))
            os.fsync(file.fileno())


def test_a_full_disk_below_the_pool_loses_nothing_that_was_there(
    able: None, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400M", "tmpfs", small], check=True)
    node = Node(small, "pve")
    volume = Volume(volid="local-zfs:subvol-1-disk-1", path="/srv", size=0)
    try:
        node.up(())
        storage = NodeVolumes(small / "storage", node)
        storage.open()
        kept = storage.make(volume) / "word"
        kept.write_text("kept")
        os.sync()
        other = small / "other"
        with suppress(OSError):
            fill(other)
        with pytest.raises(OSError, match=r"No space|Input/output|Read-only"):
            fill(kept.with_name("big"))
        other.unlink()
        node.down()
        assert storage.release()
        node.up(())
        storage.open()
        assert (storage.path(volume.volid) / "word").read_text() == "kept"
        storage.make(Volume(volid="local-zfs:subvol-1-disk-2", path="/more", size=0))
    finally:
        node.down()
        loops.release(small)
        subprocess.run(["umount", small], check=True)


def test_a_state_directory_may_be_a_symbolic_link(node: Node, tmp_path: Path) -> None:
    """What the kernel names without the link was not found, and mounted once more."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    storage = NodeVolumes(tmp_path / "link/storage", node)
    volumes = (
        Volume(volid="local-zfs:subvol-1-disk-1", path="/srv", size=0),
        Volume(volid="local-dir:1/vm-1-disk-1.raw", path="/raw", size=32 << 20),
    )
    for _ in range(2):
        storage.open()
        for volume in volumes:
            (storage.make(volume) / "word").write_text("kept")
    assert len(loops.devices(tmp_path / "real")) == 2
    assert not (tmp_path / "real/storage/local-zfs/volumes").exists(), "it is the node's alone"
    for volume in volumes:
        storage.free(volume.volid)
    node.down()
    assert storage.release()


def test_a_kernel_without_btrfs_gets_plain_directories_and_a_word(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "homelab.lab.volumes.node_volumes.pools.missing", lambda: "the kernel has no btrfs"
    )
    storage = NodeVolumes(tmp_path / "storage", node)
    storage.open()
    (note,) = storage.notes()
    assert note.startswith("local-zfs is plain directories, because the kernel has no btrfs")
    volume = Volume(volid="local-zfs:subvol-1-disk-1", path="/srv", size=1 << 20)
    (storage.make(volume) / "word").write_text("kept")
    monkeypatch.undo()
    storage.open()
    assert "earlier" in storage.notes()[0], "what has volumes stays what it is"
    assert (storage.path(volume.volid) / "word").read_text() == "kept"


def test_a_file_that_can_not_be_made_a_pool_is_said(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homelab.lab.volumes.pool._OPTIONS", "loop,no-such-option")
    storage = NodeVolumes(tmp_path / "storage", node)
    storage.open()
    assert "local-zfs is plain directories, because" in storage.notes()[0]
    assert not (tmp_path / "storage/pool.img").exists()

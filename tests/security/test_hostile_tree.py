"""A container whose root has turned its tree against the host: nothing outside of the tree changes.

Every operation of the host's root on that tree is made: start, change, snapshot, clone, backup,
restore, destroy. Needs root and what `homelab doctor --fix` installs.
"""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from proxmoxer.core import ResourceException
from real_node import Node

from homelab.lab import Lab

pytestmark = [pytest.mark.usefixtures("able"), pytest.mark.timeout(300)]

_SECRET = "what only the host's root may read"
_WATCHED = (Path("/etc"), Path("/usr"), Path("/home"), Path("/root/.ssh"))
_NOT_OURS = ("__pycache__",)
"""What other programs of this machine write while the test runs."""

Print = dict[str, tuple[int | str, ...]]


def fingerprint(*roots: Path) -> Print:
    """Everything below directories: the time of a change covers content, owner, mode, attributes."""
    found: Print = {}
    for root in roots:
        for directory, folders, files in os.walk(root):
            folders[:] = [name for name in folders if name not in _NOT_OURS]
            for name in (".", *folders, *files):
                path = f"{directory}/{name}"
                known = os.lstat(path)
                found[path] = (
                    *(known.st_ino, known.st_mode, known.st_uid, known.st_gid, known.st_nlink),
                    *(known.st_size, known.st_mtime_ns, known.st_ctime_ns),
                )
    return found


def _changed(before: Print, after: Print) -> set[str]:
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


@pytest.fixture(scope="module", autouse=True)
def host() -> Iterator[None]:
    """What a host is made of is the same after all of this."""
    before = fingerprint(*_WATCHED)
    yield
    assert _changed(before, fingerprint(*_WATCHED)) == set()


@pytest.fixture(scope="module")
def lab(able: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    state = tmp_path_factory.mktemp("lab") / "state"
    with Lab(state=state, runtime="lxc", ephemeral=True) as made:
        yield made


@pytest.fixture(scope="module")
def node(lab: Lab) -> Node:
    return Node(lab.info())


@pytest.fixture
def canary() -> Iterator[Path]:
    """A tree of the host's, which is the same afterwards.

    Not below /tmp, which no backup has.
    """
    with tempfile.TemporaryDirectory(dir="/var", prefix="canary-") as directory:
        yield from _watched(Path(directory))


def _watched(made: Path) -> Iterator[Path]:
    for name in ("etc/ssh", "root/.ssh", "data", "docker"):
        (made / name).mkdir(parents=True)
    for name in (
        "hostname",
        "etc/hostname",
        "etc/shadow",
        "etc/vzdump",
        "root/.ssh/authorized_keys",
    ):
        (made / name).write_text(_SECRET)
    (made / "of-the-host").write_text(f"ssh-ed25519 AAAA {_SECRET}\n")
    (made / "of-the-host").chmod(0o600)
    before = fingerprint(made)
    yield made
    assert _changed(before, fingerprint(made)) == set()


@pytest.fixture(autouse=True)
def emptied(node: Node) -> Iterator[None]:
    yield
    node.empty()


def everywhere(node: Node, vmid: int) -> None:
    """Have the host's root do everything that it does with a container's tree."""
    guest = node.api.lxc(vmid)
    node.ok(guest.status.start.post())
    node.ok(guest.snapshot.post(snapname="s1"))
    node.ok(node.api.vzdump.post(vmid=vmid, mode="snapshot", storage="local"))
    node.ok(guest.status.stop.post())
    node.ok(guest.snapshot("s1").rollback.post())
    node.ok(guest.clone.post(newid=vmid + 1, full=1, hostname="copy"))
    node.ok(node.api.lxc(vmid + 1).status.start.post())
    node.ok(node.api.vzdump.post(vmid=vmid, mode="stop", storage="local"))
    archives = [file["volid"] for file in node.api.storage("local").content.get(content="backup")]
    assert len(archives) == 2
    for number, archive in enumerate(archives, start=2):
        node.ok(
            node.api.lxc.post(
                vmid=vmid + number,
                ostemplate=archive,
                restore=1,
                unprivileged=1,
                password="a-new-one",
                storage="local-zfs",
                **{"ssh-public-keys": "ssh-ed25519 AAAA admin"},
            )
        )
        node.ok(node.api.lxc(vmid + number).status.start.post())


def _climbing(path: Path) -> str:
    return "../" * 40 + str(path).lstrip("/")


@pytest.mark.parametrize("climbing", [False, True], ids=["absolute", "climbing"])
def test_directories_that_are_links_lead_to_the_guests_own(
    node: Node, canary: Path, *, climbing: bool
) -> None:
    """The guest has a tree at the same place, so that everything goes well: in its own."""
    named = _climbing(canary) if climbing else str(canary)
    guest = node.create(740, mp0="local-zfs:1,mp=/srv/data,backup=1", start=1)
    node.inside(740, f"mkdir -p {canary} && cp -a /etc /root {canary}")
    node.ok(guest.status.stop.post())
    root = _volume(node, 740)
    for name in ("etc", "root"):
        subprocess.run(["rm", "-rf", str(root / name)], check=True)
        (root / name).symlink_to(f"{named}/{name}")

    everywhere(node, 740)

    node.ok(guest.status.start.post())
    assert node.inside(740, f"cat {canary}/etc/hostname") == "v740"
    assert node.inside(741, f"cat {canary}/etc/hostname") == "copy"
    for vmid in (742, 743):
        assert "ssh-ed25519 AAAA admin" in node.inside(
            vmid, f"cat {canary}/root/.ssh/authorized_keys"
        )
        assert "root:$6$" in node.inside(vmid, f"cat {canary}/etc/shadow")


def test_links_that_lead_nowhere_are_refused_by_name(node: Node, canary: Path) -> None:
    guest = node.create(740, start=1)
    node.ok(guest.status.stop.post())
    root = _volume(node, 740)
    subprocess.run(["rm", "-rf", str(root / "etc")], check=True)
    (root / "etc").symlink_to(canary / "etc")

    upid = guest.status.start.post()

    assert node.done(upid) != "OK"
    assert "symlink encountered at: /etc" in node.log(upid)
    assert node.done(guest.clone.post(newid=741, full=1)).endswith("symlink encountered at: /etc")


def test_files_that_are_links_pipes_devices_or_shared(node: Node, canary: Path) -> None:
    guest = node.create(740, start=1)
    node.inside(
        740,
        "cd /etc && rm -f hostname hosts resolv.conf && mkfifo hosts"
        f" && ln -s {canary}/hostname hostname && ln /etc/shadow resolv.conf"
        f" && rm -f ssh/ssh_host_ed25519_key.pub && ln -s {canary}/of-the-host ssh/ssh_host_ed25519_key.pub"
        f" && ln -s {canary} vzdump && ln -s {_climbing(canary)} /root/.ssh",
    )
    node.ok(guest.status.stop.post())
    root = _volume(node, 740)
    (root / "etc/machine-id").unlink(missing_ok=True)
    os.mknod(root / "etc/machine-id", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    os.chown(root / "etc/machine-id", 100_000, 100_000)
    subprocess.run(["rm", "-rf", str(root / "root/.ssh")], check=True)

    node.ok(guest.clone.post(newid=741, full=1, hostname="copy"))

    shown = Path(node.info.state_dir, "node/known_hosts").read_text(encoding="utf-8")
    assert _SECRET not in shown
    assert len((_volume(node, 741) / "etc/machine-id").read_text()) == 33


@pytest.mark.parametrize("what", ["link", "file"])
def test_nothing_is_mounted_through_what_a_guest_has_written(
    node: Node, canary: Path, what: str
) -> None:
    guest = node.create(740, mp0="local-zfs:1,mp=/srv/data,backup=1", start=1)
    node.inside(740, f"ln -s {canary} /opt/link; touch /opt/file")
    said = {"link": "symlink encountered at: /opt/link", "file": "'/opt/file' is no directory"}

    with pytest.raises(ResourceException, match=said[what]):
        guest.config.put(mp1=f"local-zfs:1,mp=/opt/{what}/data")
    node.ok(guest.status.stop.post())
    root = _volume(node, 740)
    subprocess.run(["rm", "-rf", str(root / "srv")], check=True)
    if what == "link":
        (root / "srv").symlink_to(canary)
    else:
        (root / "srv").touch()
    node.ok(node.api.vzdump.post(vmid=740, mode="stop", storage="local"))
    upid = guest.status.start.post()

    assert node.done(upid) != "OK"
    assert said[what].replace(f"/opt/{what}", "/srv") in node.log(upid)
    listing = subprocess.check_output(["tar", "--list", "--zstd", "-f", _archive(node)], text=True)
    assert "of-the-host" not in listing
    assert "./srv/data/" in listing.splitlines()


def _volume(node: Node, vmid: int) -> Path:
    """What a container has written over its template, as the host's root sees it."""
    holder = Path(str(node.info.mntns)).parents[1]
    pool = holder / "root" / node.info.state_dir.lstrip("/") / "storage/local-zfs"
    return next(pool.glob(f"**/subvol-{vmid}-disk-*")) / "upper"


def _archive(node: Node) -> Path:
    """The only backup."""
    return next(Path(node.info.state_dir).glob("**/dump/vzdump-lxc-*.tar.zst"))

from __future__ import annotations

import os
import stat

import pytest

from homelab.lab.host.tree import Tree
from homelab.lab.runtime import Credentials, Guest, Nic
from homelab.lab.runtimes.lxc import rootfs

GUEST = Guest(
    vmid=201,
    hostname="plex",
    nameserver="10.10.0.1 1.1.1.1",
    searchdomain="home.arpa",
    nics=(Nic(name="eth0", bridge="vmbr0", hwaddr="h", ip="10.10.0.21/24"),),
)


@pytest.fixture
def root(tmp_path):
    made = tmp_path / "root"
    (made / "etc").mkdir(parents=True)
    (made / "etc/shadow").write_text("root:*:1:0:99999:7:::\ndaemon:*:1::::::\n")
    (made / "etc/shadow").chmod(0o640)
    (made / "root").mkdir(mode=0o700)
    return made


@pytest.fixture
def tree(root):
    with Tree.at(root, owner=os.getuid()) as found:
        yield found


def test_a_container_gets_its_identity(root, tree):
    key = rootfs.set_up(tree, GUEST, Credentials(ssh_public_keys=("ssh-ed25519 AAAA me\n",)))
    etc = root / "etc"
    assert (etc / "hostname").read_text() == "plex\n"
    assert "10.10.0.21 plex.home.arpa plex" in (etc / "hosts").read_text()
    assert (etc / "resolv.conf").read_text().splitlines()[1:-1] == [
        "search home.arpa",
        "nameserver 10.10.0.1",
        "nameserver 1.1.1.1",
    ]
    assert len((etc / "machine-id").read_text().strip()) == 32
    assert key.startswith("ssh-ed25519 ")
    assert (etc / "ssh/ssh_host_ed25519_key.pub").read_text().strip() == key
    private = etc / "ssh/ssh_host_ed25519_key"
    assert private.read_text().startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    keys = root / "root/.ssh/authorized_keys"
    assert keys.read_text() == "ssh-ed25519 AAAA me\n"
    assert stat.S_IMODE((root / "root").stat().st_mode) == 0o700
    assert (etc / "shadow").read_text().startswith("root:*:")


def test_each_container_has_keys_and_an_id_of_its_own(root, tree):
    first = rootfs.set_up(tree, GUEST, Credentials())
    identity = (root / "etc/machine-id").read_text()
    assert rootfs.set_up(tree, GUEST, Credentials()) != first
    assert (root / "etc/machine-id").read_text() != identity


def test_a_password_is_stored_as_a_hash_and_the_files_mode_is_kept(root, tree):
    rootfs.set_up(tree, GUEST, Credentials(password="secret-word"))
    shadow = root / "etc/shadow"
    root, daemon = shadow.read_text().splitlines()
    assert root.startswith("root:$6$")
    assert root.endswith(":1:0:99999:7:::")
    assert daemon == "daemon:*:1::::::"
    assert "secret-word" not in shadow.read_text()
    assert stat.S_IMODE(shadow.stat().st_mode) == 0o640


def test_a_container_without_an_address_still_resolves_its_name(root, tree):
    rootfs.configure(tree, Guest(vmid=1, hostname="a"))
    assert "127.0.1.1 a" in (root / "etc/hosts").read_text()


def test_configuring_again_replaces(root, tree):
    rootfs.configure(tree, GUEST)
    inode = (root / "etc/hostname").stat().st_ino
    rootfs.configure(tree, Guest(vmid=201, hostname="jellyfin"))
    assert (root / "etc/hostname").read_text() == "jellyfin\n"
    assert (root / "etc/hostname").stat().st_ino != inode or os.name


@pytest.mark.parametrize("line", ["root", "root:", "root:*:1:x", "root\x85:*"])
def test_a_damaged_shadow_file_gets_the_password_where_there_is_a_root(root, tree, line):
    (root / "etc/shadow").write_text(f"a:\x85:b\n{line}\n")
    rootfs.let_in(tree, Credentials(password="secret-word"))
    first, second = (root / "etc/shadow").read_text().removesuffix("\n").split("\n")
    assert first == "a:\x85:b"
    assert second.startswith("root:$6$") or line.startswith("root\x85")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ssh-ed25519 AAAA root@plex\n", "ssh-ed25519 AAAA"),
        ("ssh-ed25519 AAAA", "ssh-ed25519 AAAA"),
        ("", None),
        ("ssh-rsa AAAA x\n", None),
        ("ssh-ed25519 AAAA x\n* ssh-ed25519 BBBB\n", None),
        ("ssh-ed25519 AA\x1bAA x\n", None),
    ],
)
def test_a_host_key_is_one_line_of_its_kind(root, tree, text, key):
    (root / "etc/ssh").mkdir()
    (root / "etc/ssh/ssh_host_ed25519_key.pub").write_text(text)
    assert rootfs.host_key(tree) == key


def test_a_host_key_that_is_a_pipe_is_none(root, tree):
    (root / "etc/ssh").mkdir()
    os.mkfifo(root / "etc/ssh/ssh_host_ed25519_key.pub")
    assert rootfs.host_key(tree) is None

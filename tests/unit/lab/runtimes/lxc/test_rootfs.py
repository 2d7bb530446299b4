from __future__ import annotations

import os
import stat

import pytest

from homelab.errors import CapabilityError
from homelab.lab.runtime import Credentials, Guest, Nic
from homelab.lab.runtimes.lxc import rootfs
from homelab.lab.volumes.node_volumes import RootVolume

GUEST = Guest(
    vmid=201,
    hostname="plex",
    nameserver="10.10.0.1 1.1.1.1",
    searchdomain="home.arpa",
    nics=(Nic(name="eth0", bridge="vmbr0", hwaddr="h", ip="10.10.0.21/24"),),
)


@pytest.fixture
def volume(tmp_path, monkeypatch):
    for name in ("chown", "fchown"):
        monkeypatch.setattr(rootfs.os, name, lambda *_: None)
    lower = tmp_path / "lower"
    (lower / "etc").mkdir(parents=True)
    (lower / "etc/shadow").write_text("root:*:1:0:99999:7:::\ndaemon:*:1::::::\n")
    (lower / "etc/shadow").chmod(0o640)
    (lower / "root").mkdir(mode=0o700)
    made = RootVolume(path=tmp_path / "volume")
    made.upper.mkdir(parents=True)
    made.template.write_text(f"{lower}\n")
    return made


def test_a_container_gets_its_identity(volume):
    key = rootfs.set_up(
        rootfs.layers_of(volume), GUEST, Credentials(ssh_public_keys=("ssh-ed25519 AAAA me\n",))
    )
    etc = volume.upper / "etc"
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
    keys = volume.upper / "root/.ssh/authorized_keys"
    assert keys.read_text() == "ssh-ed25519 AAAA me\n"
    assert stat.S_IMODE((volume.upper / "root").stat().st_mode) == 0o700
    assert not (etc / "shadow").exists()


def test_each_container_has_keys_and_an_id_of_its_own(volume):
    layers = rootfs.layers_of(volume)
    first = rootfs.set_up(layers, GUEST, Credentials())
    identity = (volume.upper / "etc/machine-id").read_text()
    assert rootfs.set_up(layers, GUEST, Credentials()) != first
    assert (volume.upper / "etc/machine-id").read_text() != identity


def test_a_password_is_stored_as_a_hash_and_the_files_mode_is_kept(volume):
    rootfs.set_up(rootfs.layers_of(volume), GUEST, Credentials(password="secret-word"))
    shadow = volume.upper / "etc/shadow"
    root, daemon = shadow.read_text().splitlines()
    assert root.startswith("root:$6$")
    assert root.endswith(":1:0:99999:7:::")
    assert daemon == "daemon:*:1::::::"
    assert "secret-word" not in shadow.read_text()
    assert stat.S_IMODE(shadow.stat().st_mode) == 0o640


def test_a_container_without_an_address_still_resolves_its_name(volume):
    rootfs.configure(rootfs.layers_of(volume), Guest(vmid=1, hostname="a"))
    assert "127.0.1.1 a" in (volume.upper / "etc/hosts").read_text()


def test_configuring_again_replaces(volume):
    layers = rootfs.layers_of(volume)
    rootfs.configure(layers, GUEST)
    inode = (volume.upper / "etc/hostname").stat().st_ino
    rootfs.configure(layers, Guest(vmid=201, hostname="jellyfin"))
    assert (volume.upper / "etc/hostname").read_text() == "jellyfin\n"
    assert (volume.upper / "etc/hostname").stat().st_ino != inode or os.name


def test_a_template_that_left_the_cache_is_named(volume, tmp_path):
    volume.template.write_text(f"{tmp_path}/gone\n")
    with pytest.raises(CapabilityError, match="gone from the image cache"):
        rootfs.layers_of(volume)

from __future__ import annotations

from homelab.lab.runtime import Guest, Nic
from homelab.lab.runtimes.lxc.names import Names


def guest(vmid: int, name: str, ip: str | None) -> Guest:
    return Guest(vmid=vmid, hostname=name, nics=(Nic(name="eth0", bridge="b", hwaddr="h", ip=ip),))


def test_names_and_keys_follow_the_containers(tmp_path):
    names = Names(tmp_path / "lxc", tmp_path / "node")
    names.prepare(tmp_path / "key")
    hosts = tmp_path / "node/hosts"
    inode = hosts.stat().st_ino
    names.record(guest(201, "plex", "10.10.0.21/24"), host_key="ssh-ed25519 AAAA root@plex")
    names.record(guest(202, "other", "dhcp"), host_key="ssh-ed25519 BBBB root@other")
    assert "10.10.0.21 plex" in hosts.read_text().splitlines()
    assert names.known_hosts.read_text().splitlines() == [
        "plex,10.10.0.21 ssh-ed25519 AAAA",
        "other ssh-ed25519 BBBB",
    ]
    names.record(guest(201, "plex", "10.10.0.99/24"))
    assert "plex,10.10.0.99 ssh-ed25519 AAAA" in names.known_hosts.read_text()
    assert hosts.stat().st_ino == inode, "a mounted file keeps its inode"
    (tmp_path / "lxc/201/names.json").unlink()
    names.publish()
    assert "plex" not in hosts.read_text()


def test_ssh_uses_the_labs_key_and_known_hosts(tmp_path):
    names = Names(tmp_path / "lxc", tmp_path / "node")
    names.prepare(tmp_path / "key")
    text = (tmp_path / "node/ssh_config").read_text()
    assert f'IdentityFile "{tmp_path}/key"' in text
    assert f'UserKnownHostsFile "{names.known_hosts}"' in text


def test_a_record_cut_off_by_a_crash_is_left_out(tmp_path):
    names = Names(tmp_path / "lxc", tmp_path / "node")
    (tmp_path / "lxc/201").mkdir(parents=True)
    (tmp_path / "lxc/201/names.json").write_text('{"host')
    names.publish()
    assert names.known_hosts.read_text() == ""

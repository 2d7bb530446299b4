"""Volumes of real containers, driven through the API: what a snapshot, a copy and a limit do to files.

Needs root and what `homelab doctor --fix` installs, btrfs-progs among it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from proxmoxer.core import ResourceException
from real_node import Node

from homelab.lab import Lab
from homelab.operations.target.lab_view import console_log, runs
from homelab.polling import wait_until

pytestmark = [pytest.mark.usefixtures("able"), pytest.mark.timeout(300)]


def is_template(guest: Any) -> bool:
    config = guest.config.get()
    return config.get("template") == 1 and "lock" not in config


@pytest.fixture(scope="module")
def lab(able: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    state = tmp_path_factory.mktemp("lab") / "state"
    with Lab(state=state, runtime="lxc", ephemeral=True) as made:
        yield made


@pytest.fixture(scope="module")
def node(lab: Lab) -> Node:
    return Node(lab.info())


@pytest.fixture(autouse=True)
def emptied(node: Node) -> Iterator[None]:
    yield
    node.empty()


def test_the_kernel_offers_limits_and_snapshots(node: Node) -> None:
    assert not [note for note in node.info.notes if "not enforced" in note and "volume" in note]


def test_a_rollback_brings_files_back(node: Node) -> None:
    guest = node.create(710, mp0="local-zfs:1,mp=/srv/data", start=1)
    node.inside(710, "echo one > /root/word; echo one > /srv/data/word; chown 33:44 /srv/data/word")
    node.ok(guest.snapshot.post(snapname="before"))
    node.inside(710, "echo two > /root/word; rm /srv/data/word; mkdir /etc/more; rm /etc/hosts")
    node.ok(guest.snapshot("before").rollback.post(start=1))
    assert node.inside(710, "cat /root/word /srv/data/word") == "one\none"
    assert node.inside(710, "stat -c %u:%g /srv/data/word; ls -d /etc/hosts") == "33:44\n/etc/hosts"
    assert "No such file" in node.inside(710, "ls /etc/more", code=2)
    assert "Read-only" not in node.inside(710, "touch /root/more")
    node.ok(guest.snapshot("before").delete())
    assert [one["name"] for one in guest.snapshot.get()] == ["current"]
    assert node.inside(710, "cat /root/word") == "one"


def test_clones_have_the_files_and_lives_of_their_own(node: Node) -> None:
    guest = node.create(711, start=1)
    node.inside(711, "echo kept > /root/word")
    node.ok(guest.snapshot.post(snapname="s1"))
    node.inside(711, "echo later > /root/word")
    node.ok(guest.clone.post(newid=712, full=1, snapname="s1", hostname="v712"))
    node.ok(node.api.lxc(712).status.start.post())
    assert node.inside(712, "cat /root/word; hostname") == "kept\nv712"
    ids = {node.inside(vmid, "cat /etc/machine-id") for vmid in (711, 712)}
    assert len(ids) == 2
    node.ok(node.api.lxc(711).delete(force=1))
    assert node.inside(712, "cat /root/word") == "kept", "a full clone needs nobody"


def test_linked_clones_of_a_template(node: Node) -> None:
    guest = node.create(713, mp0="local-zfs:1,mp=/srv/data", start=1)
    node.inside(713, "echo base > /root/word; echo base > /srv/data/word")
    node.ok(guest.status.shutdown.post(timeout=30))
    guest.template.post()
    wait_until(lambda: is_template(guest), what="the template", timeout=20)
    assert guest.config.get()["rootfs"] == "local-zfs:basevol-713-disk-0,size=1G"
    node.ok(guest.clone.post(newid=714, full=0))
    clone = node.api.lxc(714)
    rootfs = clone.config.get()["rootfs"]
    assert rootfs == "local-zfs:basevol-713-disk-0/subvol-714-disk-0,size=1G"
    node.ok(clone.status.start.post())
    assert node.inside(714, "cat /root/word /srv/data/word") == "base\nbase"
    node.inside(714, "echo own > /root/word")
    node.ok(clone.snapshot.post(snapname="s1"))
    node.ok(clone.snapshot("s1").rollback.post(start=1))
    assert node.inside(714, "cat /root/word") == "own"
    with pytest.raises(ResourceException, match="still in use by linked clone"):
        guest.delete()
    node.ok(clone.delete(force=1))


def _fill(node: Node, vmid: int) -> None:
    """Files of every kind: owners, modes, links, capabilities, attributes, on each volume."""
    node.inside(
        vmid,
        "echo hello > /root/word; chown 33:44 /root/word; chmod 640 /root/word; rm /etc/motd;"
        "ln -s word /root/link; cp /bin/true /root/able;"
        'setcap cap_net_raw=ep /root/able || python3 -c "import os;'
        "os.setxattr('/root/able','security.capability',"
        "bytes.fromhex('0100000200200000000000000000000000000000'))\";"
        "python3 -c \"import os; os.setxattr('/root/word', 'user.note', b'x')\";"
        "chown 55:66 /srv/in; echo in > /srv/in/word; echo out > /srv/out/word;"
        "mkdir -p /var/lib/docker/volumes; echo layer > /var/lib/docker/volumes/word",
    )


def _archived(node: Node) -> str:
    """The volume id of the only backup, whose archive is as Proxmox VE lays it out."""
    (backup,) = node.api.storage("local").content.get(content="backup")
    archive = next(Path(node.info.state_dir).glob("**/dump/vzdump-lxc-715-*.tar.zst"))
    assert archive.stat().st_size == backup["size"]
    listing = subprocess.check_output(
        ["tar", "--zstd", "--numeric-owner", "-tvf", archive], text=True
    ).splitlines()
    entries = {line.split()[5]: line.split()[:2] for line in listing}
    assert entries["./etc/vzdump/pct.conf"][1] == "0/0"
    assert entries["./root/word"] == ["-rw-r-----", "33/44"]
    assert "./srv/in/word" in entries
    assert "./srv/out/word" not in entries
    conf = subprocess.check_output(
        ["tar", "--zstd", "-xOf", archive, "./etc/vzdump/pct.conf"], text=True
    )
    assert "hostname: v715" in conf
    return str(backup["volid"])


def test_a_backup_of_a_running_container_makes_another_one(node: Node) -> None:
    node.create(
        715,
        mp0="local-zfs:1,mp=/srv/in,backup=1",
        mp1="local-zfs:1,mp=/srv/out,backup=0",
        start=1,
    )
    _fill(node, 715)
    upid = node.api.vzdump.post(vmid=715, mode="snapshot", storage="local", compress="zstd")
    node.ok(upid)
    assert "create storage snapshot" in node.log(upid)
    volid = _archived(node)

    node.inside(715, "echo changed > /root/word")
    node.ok(node.api.lxc.post(vmid=716, ostemplate=volid, restore=1, hostname="v716"))
    node.ok(node.api.lxc(715).delete(force=1))
    node.ok(node.api.lxc(716).status.start.post())
    said = node.inside(716, "cat /root/word; stat -c '%u:%g %a' /root/word /srv/in; cat /root/link")
    assert said.splitlines() == ["hello", "33:44 640", "55:66 755", "hello"]
    assert node.inside(716, "cat /srv/in/word /var/lib/docker/volumes/word") == "in\nlayer"
    assert node.inside(716, "ls -A /srv/out /etc/vzdump 2>&1; ls /etc/motd 2>&1 | wc -l", code=0)
    kept = (
        "import os; print(os.getxattr('/root/word', 'user.note'),"
        "len(os.getxattr('/root/able', 'security.capability')))"
    )
    assert node.inside(716, f'python3 -c "{kept}"') == "b'x' 20"
    assert node.inside(716, "hostname") == "v716"
    node.booted(716)


@pytest.mark.parametrize(
    ("storage", "said"),
    [("local-zfs", "Disk quota exceeded"), ("local-dir", "No space left on device")],
)
def test_sizes_hold_and_grow(node: Node, storage: str, said: str) -> None:
    guest = node.create(
        717, rootfs=f"{storage}:0.25", mp0=f"{storage}:0.0625,mp=/srv/data", start=1
    )
    for disk, place, mebibytes in (("rootfs", "/root", 130), ("mp0", "/srv/data", 80)):
        write = f"dd if=/dev/zero of={place}/big bs=1M count={mebibytes} conv=fsync 2>&1"
        assert said in node.inside(717, write, code=1)
        node.inside(717, f"rm {place}/big; sync")
        upid = guest.resize.put(disk=disk, size="+1G")
        node.ok(upid)
        if "at the next start" in node.log(upid):  # the kernel lets nobody grow ext4 in use here
            node.ok(guest.status.reboot.post(timeout=60))
        assert "copied" in node.inside(717, write)


def test_a_dir_storage_is_one_without_snapshots(node: Node) -> None:
    guest = node.create(718, rootfs="local-dir:1", mp0="local-dir:0,mp=/srv/data", start=1)
    config = guest.config.get()
    assert config["rootfs"] == "local-dir:718/vm-718-disk-0.raw,size=1G"
    assert config["mp0"].startswith("local-dir:718/subvol-718-disk-1.subvol,mp=/srv/data")
    node.inside(718, "echo kept > /root/word; echo kept > /srv/data/word")
    assert node.done(guest.snapshot.post(snapname="s1")) == "snapshot feature is not available"
    assert guest.feature.get(feature="snapshot")["hasFeature"] == 0
    upid = node.api.vzdump.post(vmid=718, mode="snapshot", storage="local", compress="zstd")
    node.ok(upid)
    node.ok(guest.status.shutdown.post(timeout=30))
    node.ok(guest.clone.post(newid=719, full=1, storage="local-zfs"))
    node.ok(node.api.lxc(719).status.start.post())
    assert node.inside(719, "cat /root/word /srv/data/word") == "kept\nkept"
    guest.template.post()
    wait_until(lambda: is_template(guest), what="the template", timeout=20)
    assert "base-718-disk-0.raw" in guest.config.get()["rootfs"]
    with pytest.raises(ResourceException, match=r"Linked clone feature for .* is not available"):
        guest.clone.post(newid=720, full=0)


def test_statistics_are_measured(node: Node) -> None:
    guest = node.create(721, start=1)
    node.create(722, start=1)
    node.booted(721)
    before = guest.status.current.get()
    assert before["maxdisk"] == 1 << 30
    assert before["disk"] > 100 << 20, "the template counts"
    node.inside(
        721,
        "systemd-run --wait --quiet dd if=/dev/urandom of=/root/big bs=1M count=50 conv=fsync; sync;"
        'python3 -c "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);'
        "[s.sendto(bytes(1000), ('10.10.0.22', 9)) for _ in range(100)]\"",
    )

    busiest = 0.0

    def still() -> dict[str, float]:
        """What has not moved yet; the use of a processor is that of the last second or more."""
        nonlocal busiest
        now = guest.status.current.get()
        busiest = now["cpu"] = max(now["cpu"], busiest)
        wanted = {"disk": 45 << 20, "diskwrite": 45 << 20, "netout": 100_000, "cpu": 0, "mem": 0}
        found = {key: now[key] - (before[key] if limit else 0) for key, limit in wanted.items()}
        found["netin"] = node.api.lxc(722).status.current.get()["netin"]
        return {key: found[key] for key in found if found[key] <= wanted.get(key, 100_000)}

    wait_until(
        lambda: not still(),
        what="the statistics",
        timeout=30,
        interval=0.5,
        last_state=lambda: str(still()),
    )


def test_what_a_node_refuses(node: Node) -> None:
    guest = node.create(723, start=1)
    upid = guest.status.suspend.post()
    assert node.done(upid) == (
        "command 'lxc-checkpoint -n 723 -s -D /var/lib/vz/dump' failed: exit code 1"
    )
    assert guest.status.current.get()["status"] == "running"
    with pytest.raises(ResourceException, match=r"script 'local:snippets/x\.sh' does not exist"):
        guest.config.put(hookscript="local:snippets/x.sh")
    assert "hookscript" not in guest.config.get()


def test_a_shutdown_in_time_and_one_that_is_not(node: Node) -> None:
    guest = node.create(724, start=1)
    node.booted(724)
    node.inside(
        724,
        "printf '[Service]\\nExecStart=/bin/sleep 900\\nExecStop=/bin/sleep 60\\n' "
        "> /run/systemd/system/slow.service; systemctl daemon-reload; systemctl start slow",
    )
    began = time.monotonic()
    ended = node.done(guest.status.shutdown.post(timeout=2))
    assert "got timeout" in ended
    assert time.monotonic() - began >= 2
    assert guest.status.current.get()["status"] == "running"
    upid = guest.status.shutdown.post(timeout=1, forceStop=1)
    node.ok(upid)
    assert guest.status.current.get()["status"] == "stopped"
    assert "Reached target" in console_log(node.info, "v724").read_text(errors="replace")
    assert not runs(node.info, "724")


def test_a_restore_that_was_cut_off_leaves_nothing_and_is_done_again(lab: Lab, node: Node) -> None:
    node.create(725, start=1)
    node.inside(725, "head -c 40000000 /dev/urandom > /root/big; sync")
    node.ok(node.api.vzdump.post(vmid=725, storage="local", compress="zstd"))
    (backup,) = node.api.storage("local").content.get(content="backup")
    upid = node.api.lxc.post(vmid=726, ostemplate=backup["volid"], restore=1)
    wait_until(lambda: "extracting" in node.log(upid), what="tar", timeout=20, interval=0.01)
    os.kill(node.info.pid, signal.SIGKILL)
    lab.up()
    node.reach(lab.info())
    assert node.done(upid) == "unexpected status"
    assert [guest["vmid"] for guest in node.api.lxc.get()] == [725]
    node.ok(node.api.lxc.post(vmid=726, ostemplate=backup["volid"], restore=1))
    node.ok(node.api.lxc(726).status.start.post())
    assert node.inside(726, "stat -c %s /root/big") == "40000000"

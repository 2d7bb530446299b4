"""What hurt users of PVE, each test named after the thread that told of it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from homelab.lab.node.faults import Fault
from homelab.lab.runtime import InterfaceAddress
from homelab.lab.runtimes.memory import MemoryRuntime
from homelab.pve.release import Release

L = "/nodes/pve/lxc/100"
TEMPLATE = "local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst"
_ROOT_ONLY = "changing feature flags (except nesting) is only allowed for root@pam"
NEW = {"ostemplate": TEMPLATE, "rootfs": "local-zfs:1"}


def test_telmate_155_features_are_for_root_by_ticket(node) -> None:
    token = node.as_token()
    answer = token.ask("POST", "/nodes/pve/lxc", vmid=100, features="nesting=1,keyctl=1", **NEW)
    assert (answer.status, answer.reason) == (
        403,
        f"Permission check failed ({_ROOT_ONLY})",
    )
    created = token.ask("POST", "/nodes/pve/lxc", vmid=100, features="nesting=1", **NEW)
    assert node.wait(created.data)["exitstatus"] == "OK"
    answer = token.ask("PUT", f"{L}/config", features="nesting=1,fuse=1")
    assert answer.status == 403
    assert node.ask("PUT", f"{L}/config", features="nesting=1,fuse=1").data is None


def test_trfore_9_bind_mounts_are_for_root_by_ticket(node) -> None:
    node.create()
    answer = node.as_token().ask("PUT", f"{L}/config", mp0="/srv/media,mp=/media")
    assert (answer.status, answer.reason) == (
        403,
        "Permission check failed (mount point type bind is only allowed for root@pam)",
    )


@pytest.mark.parametrize("action", ["stop", "shutdown"])
def test_telmate_801_stopping_a_stopped_container(node, action) -> None:
    node.create()
    answer = node.ask("POST", f"{L}/status/{action}")
    assert (answer.status, answer.reason) == (500, "CT 100 not running")
    assert node.wait(node.ask("DELETE", L).data)["exitstatus"] == "OK"


def test_telmate_1458_a_container_that_vanished(node) -> None:
    node.create()
    node.wait(node.ask("DELETE", L).data)
    assert node.ask("GET", "/cluster/resources", type="vm").data == []
    for path in (f"{L}/config", f"{L}/status/current", f"{L}/pending", f"{L}/interfaces"):
        answer = node.ask("GET", path)
        assert (answer.status, answer.reason) == (
            500,
            "Configuration file 'nodes/pve/lxc/100.conf' does not exist",
        )


def test_telmate_1069_a_lock_timeout_among_parallel_creates(node) -> None:
    node.context.faults.add(Fault(task="vzcreate", lock_timeout=True, after=2, times=1))
    answers = [node.ask("POST", "/nodes/pve/lxc", vmid=vmid, **NEW) for vmid in range(100, 105)]
    ends = sorted(node.wait(answer.data)["exitstatus"] for answer in answers)
    assert ends[:4] == ["OK"] * 4
    assert ends[4].startswith("can't lock file '/run/lock/lxc/pve-config-")
    assert ends[4].endswith("' - got timeout")
    assert len(node.ask("GET", "/nodes/pve/lxc").data) == 4


def test_telmate_330_mount_points_come_back_with_keys_that_were_not_sent(node) -> None:
    node.create(mp0="local-zfs:1,mp=/data")
    assert node.config()["mp0"] == "local-zfs:subvol-100-disk-1,mp=/data,size=1G"
    node.ask("PUT", f"{L}/config", mp0="volume=local-zfs:subvol-100-disk-1,mp=/data,backup=1,ro=0")
    assert node.config()["mp0"] == "local-zfs:subvol-100-disk-1,mp=/data,backup=1,ro=0,size=1G"


def test_telmate_1373_a_mount_points_change_waits_for_a_reboot(node) -> None:
    node.create(mp0="local-zfs:1,mp=/data", start=1)
    node.ask("PUT", f"{L}/config", mp0="local-zfs:subvol-100-disk-1,mp=/other")
    waiting = {row["key"]: row for row in node.ask("GET", f"{L}/pending").data}
    assert "mp=/data" in waiting["mp0"]["value"]
    assert "mp=/other" in waiting["mp0"]["pending"]
    assert "mp=/data" in node.ask("GET", f"{L}/config", current=1).data["mp0"]
    node.wait(node.ask("POST", f"{L}/status/reboot").data)
    waiting = {row["key"]: row for row in node.ask("GET", f"{L}/pending").data}
    assert "pending" not in waiting["mp0"]
    assert "mp=/other" in node.ask("GET", f"{L}/config", current=1).data["mp0"]


class _Dhcp(MemoryRuntime):
    """Has its link-local IPv6 address first, and the leased one later."""

    leased = False

    def addresses(self, guest):
        (nic,) = guest.nics
        found = [("fe80::1", 64, 6)]
        if self.leased:
            found.append(("10.10.0.77", 24, 4))
        return tuple(
            InterfaceAddress(
                interface=nic.name, hwaddr=nic.hwaddr, address=a, prefix=prefix, family=family
            )
            for a, prefix, family in found
        )


def test_bpg_2261_a_leased_address_is_in_interfaces_only_and_late(open_node, tmp_path) -> None:
    runtime = _Dhcp(tmp_path)
    node = open_node(runtime)
    node.create(net0="name=eth0,bridge=vmbr0,ip=dhcp", start=1)
    assert "ip=dhcp" in node.config()["net0"]
    (early,) = node.ask("GET", f"{L}/interfaces").data
    assert early["inet6"] == "fe80::1/64"
    assert "inet" not in early
    runtime.leased = True
    (late,) = node.ask("GET", f"{L}/interfaces").data
    assert late["inet"] == "10.10.0.77/24"
    kinds = [row["ip-address-type"] for row in late["ip-addresses"]]
    assert kinds == ["inet6", "inet"]
    assert "10.10.0.77" not in str(node.config())


def test_community_proxmox_58_the_same_next_id_for_two(node) -> None:
    first, second = (node.ask("GET", "/cluster/nextid").data for _ in range(2))
    assert first == second == "100"
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: node.ask("POST", "/nodes/pve/lxc", vmid=100, **NEW), range(4))
        )
    assert sorted(answer.status for answer in answers) == [200, 500, 500, 500]
    refused = {answer.reason for answer in answers if answer.status == 500}
    assert refused == {"unable to create CT 100 - CT 100 already exists on node 'pve'"}
    assert node.ask("GET", "/cluster/nextid").data == "101"


@pytest.mark.parametrize(("release", "there"), [("8", True), ("9", False)])
def test_telmate_1365_vm_monitor_is_gone_in_pve_9(open_node, release, there) -> None:
    node = open_node(release=Release.parse(release))
    held = node.ask("GET", "/access/permissions", path="/").data["/"]
    assert ("VM.Monitor" in held) is there
    answer = node.ask("POST", "/access/roles", roleid="Terraform", privs="VM.Audit,VM.Monitor")
    assert (answer.status == 200) is there
    if not there:
        assert answer.reason == "invalid privilege 'VM.Monitor'"


def test_antonio_mello_3_an_error_shows_in_the_task_and_not_in_the_post(node) -> None:
    node.context.faults.add(Fault(task="vzstart", message="command 'lxc-start' failed", times=1))
    node.create()
    answer = node.ask("POST", f"{L}/status/start")
    assert answer.status == 200
    status = node.wait(answer.data)
    assert status["exitstatus"] == "command 'lxc-start' failed"
    assert node.log(status["upid"])[-1] == "TASK ERROR: command 'lxc-start' failed"


def test_bpg_1929_a_config_lock_is_said_in_words_to_retry_on(node) -> None:
    node.create()
    node.context.faults.add(Fault(path=f"{L}/config", method="PUT", lock_timeout=True, times=1))
    started = time.monotonic()
    answer = node.ask("PUT", f"{L}/config", cores=2)
    assert answer.status == 500
    assert answer.reason.endswith("got timeout")
    assert node.ask("PUT", f"{L}/config", cores=2).data is None
    assert time.monotonic() - started < 5

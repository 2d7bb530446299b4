from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from failing_runtime import FailingRuntime

L = "/nodes/pve/lxc/100"


def test_a_taken_id_is_refused_and_the_container_stays(node) -> None:
    node.create(hostname="first")
    answer = node.ask(
        "POST",
        "/nodes/pve/lxc",
        vmid=100,
        ostemplate="local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst",
        rootfs="local-zfs:1",
    )
    assert (answer.status, answer.reason) == (
        500,
        "unable to create CT 100 - CT 100 already exists on node 'pve'",
    )
    assert node.config()["hostname"] == "first"


def test_a_taken_id_is_refused_before_the_storage_is_looked_at(node) -> None:
    node.create()
    answer = node.ask("POST", "/nodes/pve/lxc", vmid=100, ostemplate="nas:vztmpl/x.tar.zst")
    assert answer.reason == "unable to create CT 100 - CT 100 already exists on node 'pve'"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"ostemplate": "local:vztmpl/none.tar.zst"},
            "volume 'local:vztmpl/none.tar.zst' does not exist",
        ),
        ({"ostemplate": "nas:vztmpl/x.tar.zst"}, "storage 'nas' does not exist"),
        ({"rootfs": "nas:4"}, "storage 'nas' does not exist"),
        ({"rootfs": "local:4"}, "storage 'local' does not support container directories"),
        ({"pool": "media"}, "pool 'media' does not exist"),
        (
            {"rootfs": None, "mp0": "local-zfs:1,mp=/x"},
            "mountpoints configured, but 'rootfs' not set - aborting",
        ),
    ],
)
def test_a_creation_that_can_not_succeed_leaves_nothing(node, options, reason) -> None:
    wanted = {
        "ostemplate": "local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst",
        "rootfs": "local-zfs:4",
        **options,
    }
    answer = node.ask("POST", "/nodes/pve/lxc", vmid=100, **wanted)
    assert (answer.status, answer.reason) == (500, reason)
    assert node.ask("GET", "/nodes/pve/lxc").data == []
    assert node.ask("GET", "/nodes/pve/storage/local-zfs/content").data == []


def test_the_storage_parameter_places_a_default_root(node) -> None:
    assert node.create(rootfs=None, storage="local-zfs")["exitstatus"] == "OK"
    assert node.config()["rootfs"] == "local-zfs:subvol-100-disk-0,size=4G"


def test_many_containers_are_created_at_once(node) -> None:
    with ThreadPoolExecutor(28) as pool:
        statuses = list(pool.map(lambda vmid: node.create(vmid, start=1), range(200, 228)))
    assert {status["exitstatus"] for status in statuses} == {"OK"}
    rows = node.ask("GET", "/cluster/resources", type="vm").data
    assert [row["vmid"] for row in rows if row["status"] == "running"] == list(range(200, 228))


def test_one_id_is_given_to_one_of_many_who_ask_at_once(node) -> None:
    def create(_number: int) -> int:
        return node.ask(
            "POST",
            "/nodes/pve/lxc",
            vmid=100,
            ostemplate="local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst",
            rootfs="local-zfs:1",
        ).status

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(create, range(8)))
    assert statuses == [200] + [500] * 7


def test_a_creation_that_fails_leaves_nothing(open_node, tmp_path) -> None:
    node = open_node(FailingRuntime(tmp_path))
    status = node.create()
    assert status["exitstatus"] == "unable to create CT 100 - no space left on device"
    assert node.log(status["upid"])[-1] == f"TASK ERROR: {status['exitstatus']}"
    assert node.ask("GET", "/nodes/pve/lxc").data == []
    assert node.ask("GET", "/nodes/pve/storage/local-zfs/content").data == []


def test_a_creation_whose_undoing_failed_too_does_not_block_its_id(open_node, tmp_path) -> None:
    runtime = FailingRuntime(tmp_path)
    node = open_node(runtime)
    runtime.stuck = True
    assert node.create()["exitstatus"] != "OK"
    assert node.ask("GET", f"{L}/config").data["lock"] == "create"
    runtime.full = runtime.stuck = False
    assert node.create()["exitstatus"] == "OK"
    assert "lock" not in node.config()


@pytest.mark.parametrize("digits", [11, 18, 31, 401])
def test_a_volume_larger_than_any_disk_is_refused_and_leaves_nothing(node, digits: int) -> None:
    gibibytes = 10 ** (digits - 1)
    answer = node.ask(
        "POST",
        "/nodes/pve/lxc",
        vmid=100,
        ostemplate="local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst",
        rootfs=f"local-zfs:{gibibytes}",
    )
    assert (answer.status, list(answer.errors)) == (400, ["rootfs"])
    assert node.ask("GET", "/nodes/pve/lxc").data == []
    assert node.create()["exitstatus"] == "OK"
    answer = node.ask("PUT", f"{L}/resize", disk="rootfs", size=f"{gibibytes}G")
    assert (answer.status, list(answer.errors)) == (400, ["size"])
    assert node.config()["rootfs"].endswith(",size=4G")

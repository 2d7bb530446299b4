from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

L = "/nodes/pve/lxc/100"


def test_a_container_is_created_with_pves_defaults(node) -> None:
    status = node.create(hostname="web", net0="bridge=vmbr0,name=eth0,ip=10.10.0.5/24")
    assert status["exitstatus"] == "OK"
    assert status["type"] == "vzcreate"
    config = node.config()
    net = config.pop("net0")
    assert net.startswith("name=eth0,bridge=vmbr0,hwaddr=BC:24:11:")
    assert net.endswith(",ip=10.10.0.5/24,type=veth")
    config.pop("digest")
    assert config == {
        "arch": "amd64",
        "hostname": "web",
        "memory": 512,
        "ostype": "debian",
        "rootfs": "local-zfs:subvol-100-disk-0,size=4G",
        "swap": 512,
        "unprivileged": 1,
    }
    assert node.status()["status"] == "stopped"


def test_the_request_of_telmates_provider_is_understood(node) -> None:
    status = node.create(
        arch="amd64",
        cmode="tty",
        console=1,
        cores=1,
        cpulimit=0,
        cpuunits=1024,
        description="line1\nline2",
        features="nesting=1",
        hostname="web1",
        memory=256,
        mp0="local-zfs:1,backup=0,mp=/data",
        net0="name=eth0,bridge=vmbr0,firewall=1,ip=10.0.0.5/24,gw=10.0.0.1",
        onboot=1,
        password="secret12",
        protection=0,
        **{"ssh-public-keys": "ssh-ed25519 AAAA test"},
        start=1,
        storage="local",
        swap=128,
        tags="b;a",
        tty=2,
        unprivileged=1,
    )
    assert status["exitstatus"] == "OK"
    config = node.config()
    assert (config["cores"], config["onboot"], config["cpulimit"]) == (1, 1, "0")
    assert config["description"] == "line1\nline2\n"
    assert config["mp0"] == "local-zfs:subvol-100-disk-1,mp=/data,backup=0,size=1G"
    assert config["tags"] == "a;b"
    assert "password" not in config
    assert "ssh-public-keys" not in config
    current = node.status()
    assert current["status"] == "running"
    assert current["maxmem"] == 256 << 20
    assert current["maxdisk"] == 4 << 30
    assert current["ha"] == {"managed": 0}
    assert isinstance(current["vmid"], int)


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


def test_a_start_that_fails_keeps_the_container_and_says_why(node) -> None:
    status = node.create(net0="name=eth0,bridge=vmbr7", start=1)
    assert status["exitstatus"] == "startup for container '100' failed"
    lines = node.log(status["upid"])
    assert "bridge 'vmbr7' does not exist" in lines
    assert lines[-1] == "TASK ERROR: startup for container '100' failed"
    assert node.status()["status"] == "stopped"


def test_destroy_takes_volumes_and_pool_membership_along(node) -> None:
    node.ask("POST", "/pools", poolid="media")
    node.create(pool="media", mp0="local-zfs:1,mp=/data", start=1)
    assert node.wait(node.ask("DELETE", L, force=1).data)["exitstatus"] == "OK"
    answer = node.ask("GET", f"{L}/config")
    assert (answer.status, answer.reason) == (
        500,
        "Configuration file 'nodes/pve/lxc/100.conf' does not exist",
    )
    assert node.ask("GET", "/pools/media").data["members"] == []
    assert node.ask("GET", "/nodes/pve/storage/local-zfs/content").data == []
    assert node.ask("GET", "/cluster/nextid").data == "100"


def test_protection_covers_the_container_and_its_mount_points(node) -> None:
    node.create(protection=1, mp0="local-zfs:1,mp=/data")
    assert node.ask("DELETE", L).reason == "can't remove CT 100 - protection mode enabled"
    assert node.ask("PUT", f"{L}/config", delete="mp0").reason == (
        "can't remove CT 100 drive 'mp0' - protection mode enabled"
    )


def test_options_change_at_once_on_a_stopped_container(node) -> None:
    node.create(hostname="web", net0="name=eth0,bridge=vmbr0", net1="name=eth1,bridge=vmbr1")
    mac = node.config()["net0"]
    digest = node.config()["digest"]
    answer = node.ask(
        "PUT",
        f"{L}/config",
        memory=1024,
        cmode="console",
        net0="name=eth0,bridge=vmbr0,ip=dhcp",
        delete="net1, swap",
        digest=digest,
    )
    assert answer.data is None
    config = node.config()
    assert config["memory"] == 1024
    assert config["cmode"] == "console"
    assert "net1" not in config
    assert "swap" not in config
    assert config["net0"] == mac.replace(",type=veth", ",ip=dhcp,type=veth")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, "no options specified"),
        ({"unprivileged": 0}, "unable to modify read-only option: 'unprivileged'"),
        ({"delete": "memory"}, "unable to delete required option 'memory'"),
        ({"delete": "rootfs"}, "unable to delete required option 'rootfs'"),
        ({"delete": "unprivileged"}, "unable to delete read-only option: 'unprivileged'"),
        (
            {"memory": 600, "digest": "0" * 40},
            "detected modified configuration - file changed by other user? Try again.",
        ),
        (
            {"mp0": "local-zfs:subvol-999-disk-0,mp=/x"},
            "volume 'local-zfs:subvol-999-disk-0' does not exist",
        ),
        ({"mp0": "/etc,mp=/x"}, "mp0: this node has no bind or device mounts, use a storage"),
    ],
)
def test_wrong_changes_change_nothing(node, change, reason) -> None:
    node.create()
    before = node.config()
    answer = node.ask("PUT", f"{L}/config", **change)
    assert (answer.status, answer.reason) == (500, reason)
    assert node.config() == before


def test_setting_and_deleting_the_same_option_is_refused(node) -> None:
    node.create()
    answer = node.ask("PUT", f"{L}/config", tags="a", delete="tags")
    assert (answer.status, list(answer.errors)) == (400, ["delete"])


def test_a_running_container_keeps_cold_options_pending_until_its_next_start(node) -> None:
    node.create(start=1, mp0="local-zfs:1,mp=/data")
    change = {"memory": 1024, "cmode": "console", "mp1": "local-zfs:2,mp=/new", "delete": "mp0"}
    assert node.ask("PUT", f"{L}/config", **change).data is None
    pending = {row["key"]: row for row in node.ask("GET", f"{L}/pending").data}
    assert pending["memory"] == {"key": "memory", "value": 1024}
    assert pending["cmode"] == {"key": "cmode", "pending": "console"}
    assert pending["mp0"]["delete"] == 1
    assert pending["mp1"]["value"] == "local-zfs:subvol-100-disk-2,mp=/new,size=2G"
    assert node.config()["cmode"] == "console"
    assert "cmode" not in node.ask("GET", f"{L}/config", current=1).data
    node.wait(node.ask("POST", f"{L}/status/reboot").data)
    after = node.ask("GET", f"{L}/config", current=1).data
    assert after["cmode"] == "console"
    assert after["unused0"] == "local-zfs:subvol-100-disk-1"
    assert all(set(row) == {"key", "value"} for row in node.ask("GET", f"{L}/pending").data)


def test_repeating_the_present_values_leaves_nothing_pending(node) -> None:
    node.create(
        start=1, arch="amd64", cmode="tty", mp0="local-zfs:1,mp=/data", features="nesting=1"
    )
    before = node.config()
    same = {key: before[key] for key in ("arch", "cmode", "mp0", "features", "memory", "ostype")}
    assert node.ask("PUT", f"{L}/config", **same).data is None
    assert node.config() == before


def test_a_removed_mount_point_becomes_unused_and_can_be_mounted_again(node) -> None:
    node.create(mp0="local-zfs:1,mp=/data")
    node.ask("PUT", f"{L}/config", delete="mp0")
    assert node.config()["unused0"] == "local-zfs:subvol-100-disk-1"
    answer = node.ask("PUT", f"{L}/config", mp1="local-zfs:subvol-100-disk-1,mp=/again")
    assert answer.data is None
    config = node.config()
    assert config["mp1"] == "local-zfs:subvol-100-disk-1,mp=/again,size=1G"
    assert "unused0" not in config
    node.ask("PUT", f"{L}/config", delete="mp1")
    node.ask("PUT", f"{L}/config", delete="unused0")
    content = node.ask("GET", "/nodes/pve/storage/local-zfs/content").data
    assert [row["volid"] for row in content] == ["local-zfs:subvol-100-disk-0"]


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


def test_interfaces_are_null_when_it_does_not_run(node) -> None:
    node.create(net0="name=eth0,bridge=vmbr0,ip=10.10.0.5/24")
    assert node.ask("GET", f"{L}/interfaces").data is None
    node.wait(node.ask("POST", f"{L}/status/start").data)
    rows = node.ask("GET", f"{L}/interfaces").data
    eth0 = next(row for row in rows if row["name"] == "eth0")
    assert eth0["inet"] == "10.10.0.5/24"
    assert eth0["ip-addresses"] == [
        {"ip-address": "10.10.0.5", "ip-address-type": "inet", "prefix": 24}
    ]


def test_a_token_may_nest_but_not_use_what_only_roots_ticket_may(node) -> None:
    token = node.as_token()
    assert token.create(features="nesting=1")["exitstatus"] == "OK"
    for change, reason in (
        ({"features": "nesting=1,keyctl=1"}, "changing feature flags (except nesting)"),
        ({"dev0": "/dev/net/tun"}, "configuring device passthrough"),
        ({"hookscript": "local:snippets/x.sh"}, "changing the hookscript"),
        ({"mp0": "/srv,mp=/srv"}, "mount point type bind"),
    ):
        answer = token.ask("PUT", f"{L}/config", **change)
        assert answer.status == 403
        assert answer.reason == f"Permission check failed ({reason} is only allowed for root@pam)"
    assert node.ask("PUT", f"{L}/config", features="nesting=1,keyctl=1").status == 200
    assert token.ask("PUT", f"{L}/config", features="keyctl=0,nesting=1").status == 403
    assert token.ask("PUT", f"{L}/config", features="nesting=1,keyctl=1").status == 200


def test_a_hookscript_is_on_no_storage(node) -> None:
    node.create()
    answer = node.ask("PUT", f"{L}/config", hookscript="local:snippets/x.sh")
    assert (answer.status, answer.reason) == (500, "script 'local:snippets/x.sh' does not exist")
    assert "hookscript" not in node.config()
    assert node.ask("PUT", f"{L}/config", hookscript="nonsense").status == 400


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


def test_a_pending_change_can_be_taken_back(node) -> None:
    node.create(start=1, cmode="tty")
    node.ask("PUT", f"{L}/config", cmode="console", delete="nameserver")
    assert node.config()["cmode"] == "console"
    assert node.ask("PUT", f"{L}/config", revert="cmode").data is None
    assert node.config()["cmode"] == "tty"


@pytest.mark.parametrize("option", ["ha-managed"])
def test_what_this_node_can_not_do_is_refused(node, option) -> None:
    answer = node.ask(
        "POST", "/nodes/pve/lxc", vmid=100, ostemplate="local:vztmpl/x.tar.zst", **{option: 1}
    )
    assert (answer.status, list(answer.errors)) == (400, [option])


def test_there_are_no_snapshots(node) -> None:
    node.create()
    answer = node.ask("GET", f"{L}/config", snapshot="before")
    assert answer.reason == "snapshot 'before' does not exist"

from __future__ import annotations

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

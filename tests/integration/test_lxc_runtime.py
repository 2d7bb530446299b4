"""The lxc runtime with real containers: needs root and what `homelab doctor --fix` installs."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from homelab.errors import CapabilityError
from homelab.lab.host import kernel
from homelab.lab.host.limits import HostLimits
from homelab.lab.host.mounting import detach_all
from homelab.lab.host.namespaces import Node
from homelab.lab.host.ssh_key import ensure_ssh_key
from homelab.lab.registry import ensure_service_images
from homelab.lab.registry.definition import load_service_definitions
from homelab.lab.runtime import (
    Bridge,
    Credentials,
    Guest,
    Nic,
    RuntimeFailureError,
    Volume,
)
from homelab.lab.runtimes.lxc import LxcRuntime
from homelab.model.values import Health, PublishedPort, Service
from homelab.polling import wait_until
from homelab.settings import cache_directory

pytestmark = [pytest.mark.usefixtures("able"), pytest.mark.timeout(600)]

BRIDGES = (
    Bridge(name="vmbr0", address="10.10.0.1/24"),
    Bridge(name="vmbr1", address="10.20.0.254/24"),
)
PLAIN = "local:vztmpl/debian-13-standard_13.0_amd64.tar.zst"
DOCKER = "local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst"


def silent(_line: str) -> None:
    """A task log that nobody reads."""


def guest(vmid: int, **more: object) -> Guest:
    number = vmid - 900
    values = {
        "vmid": vmid,
        "hostname": f"ct{number}",
        "cores": 1,
        "memory": 1024,
        "volumes": (Volume(volid=f"local-zfs:subvol-{vmid}-disk-0", path="/", size=8 << 30),),
        "nics": (
            Nic(
                name="eth0",
                bridge="vmbr0",
                hwaddr=f"BC:24:11:00:01:{number:02X}",
                ip=f"10.10.0.{number}/24",
                gateway="10.10.0.1",
            ),
        ),
    }
    return Guest(**{**values, **more})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("node")


@pytest.fixture(scope="module")
def runtime(able: None, state: Path) -> Iterator[LxcRuntime]:
    made = LxcRuntime(state, cache_directory(), "pve")
    ensure_ssh_key(state / "ssh")
    try:
        made.open(BRIDGES)
        yield made
    finally:
        made.destroy_node()


@pytest.fixture(scope="module")
def credentials(runtime: LxcRuntime, state: Path) -> Credentials:
    return Credentials(ssh_public_keys=((state / "ssh/id_ed25519.pub").read_text(),))


@pytest.fixture
def guests(runtime: LxcRuntime) -> Iterator[list[Guest]]:
    """Guests that are gone after the test."""
    made: list[Guest] = []
    yield made
    for one in made:
        runtime.stop(one, log=silent)
        runtime.destroy(one, log=silent)


def run(
    runtime: LxcRuntime, guests: list[Guest], one: Guest, template: str, keys: Credentials
) -> None:
    guests.append(one)
    runtime.create(one, template=template, credentials=keys, log=silent)
    runtime.start(one, log=silent)
    wait_until(
        lambda: inside(runtime, one, "systemctl is-system-running") in {"running", "degraded"},
        what=f"systemd of {one.hostname}",
        timeout=60,
    )


def inside(runtime: LxcRuntime, one: Guest, command: str) -> str:
    """What a command says over ssh, by the container's name and with its key checked."""
    strict = ("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes")
    done = runtime.node.run("ssh", *strict, one.hostname, command, expected=range(256))
    return (done.stdout + done.stderr).strip()


def test_a_container_boots_and_is_what_it_was_asked_to_be(runtime, guests, credentials):
    one = guest(
        910,
        volumes=(
            *guest(910).volumes,
            Volume(volid="local-zfs:subvol-910-disk-1", path="/srv/my data", size=1 << 30),
        ),
    )
    run(runtime, guests, one, PLAIN, credentials)
    assert inside(runtime, one, "systemctl is-system-running") == "running"
    assert inside(runtime, one, "systemctl --failed --no-legend") == ""
    assert inside(runtime, one, "hostname; id -u") == "ct10\n0"
    assert "1:" not in inside(runtime, one, "cat /proc/self/uid_map").split()
    assert inside(runtime, one, "awk '{print $2}' /proc/self/uid_map") == "100000"
    assert "10.10.0.10" in inside(runtime, one, "ip -4 -brief address show eth0")
    assert inside(runtime, one, "ip route show default").startswith("default via 10.10.0.1")
    assert inside(runtime, one, "mountpoint '/srv/my data'") == "/srv/my data is a mountpoint"
    assert inside(runtime, one, "stat -c %U:%a /usr/bin/sudo") == "root:4755"
    assert inside(runtime, one, "touch '/srv/my data/x' && echo written") == "written"
    usage = runtime.running()[910]
    assert usage.cpu_seconds > 0
    assert usage.netin > 0
    assert 0 < usage.uptime < 120
    assert ("10.10.0.10", 24) in {(a.address, a.prefix) for a in runtime.addresses(one)}


def test_limits_hold(runtime, guests, credentials):
    one = guest(911, memory=96, swap=0)
    run(runtime, guests, one, PLAIN, credentials)
    eater = "python3 -c 'x = bytearray(200 * 2**20); print(\"ate it\")'"
    enforced = runtime._containers.resources.enforced()
    assert ("ate it" in inside(runtime, one, eater)) is ("memory" not in enforced)


def test_docker_runs_what_the_lab_serves(runtime, guests, credentials, state):
    """Every program of images/services.toml starts: its layers have all its libraries."""
    health = Health(port=8080, path="/health")
    services = [
        Service(image=image, ports=(PublishedPort(port=8080),), health=health, slo=99)
        for image in ("example/app:1", *(f"{name}:1" for name in load_service_definitions().image))
    ]
    images = ensure_service_images(services, state_dir=state, cache_dir=cache_directory())
    assert {image.reference for image in images if image.stand_in} == {"example/app:1"}
    one = guest(912)
    run(runtime, guests, one, DOCKER, credentials)
    prefix = "10.10.0.1:5000/"
    run_it = f"docker run --quiet --detach --publish 8080:8080 --name app {prefix}example/app:1"
    assert len(inside(runtime, one, run_it)) == 64
    url = "http://10.10.0.12:8080"
    wait_until(
        lambda: runtime.node.run("curl", "-fsS", f"{url}/health", expected=range(256)).stdout,
        what="the stand-in's answer",
        timeout=20,
    )
    status = runtime.node.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"{url}/else")
    assert status.stdout == "404"
    began = time.monotonic()
    assert inside(runtime, one, "docker stop app") == "app"
    assert time.monotonic() - began < 5, "the stand-in ends when it is asked to"
    for image in images:
        if not image.stand_in:
            said = inside(runtime, one, f"docker run --quiet --rm {prefix}{image.reference} --help")
            assert "usage" in said.lower(), f"{image.reference}: {said}"
            assert "shared libraries" not in said
    daemon = inside(runtime, one, "docker info --format '{{.Driver}} {{.CgroupDriver}}'")
    assert daemon == "overlay2 systemd"


def test_changes_reach_a_running_container(runtime, guests, credentials):
    one = guest(913)
    run(runtime, guests, one, PLAIN, credentials)
    volume = Volume(
        volid="local-zfs:subvol-913-disk-1", path="/srv/new/deep", size=1 << 30, read_only=True
    )
    second = Nic(name="eth1", bridge="vmbr1", hwaddr="BC:24:11:00:02:01", ip="10.20.0.13/24")
    first = replace(one.nics[0], ip="10.10.0.113/24")
    changed = replace(one, memory=512, volumes=(*one.volumes, volume), nics=(first, second))
    guests[-1] = changed
    runtime.apply(one, changed, log=silent)
    addresses = {(a.interface, a.address) for a in runtime.addresses(changed) if a.family == 4}
    assert {("eth0", "10.10.0.113"), ("eth1", "10.20.0.13")} <= addresses
    assert ("eth0", "10.10.0.13") not in addresses
    assert inside(runtime, changed, "mountpoint /srv/new/deep") == "/srv/new/deep is a mountpoint"
    assert "Read-only" in inside(runtime, changed, "touch /srv/new/deep/x")
    runtime.apply(changed, replace(changed, nics=(first,)), log=silent)
    assert {a.interface for a in runtime.addresses(changed)} == {"lo", "eth0"}


def test_ends_from_inside_are_seen(runtime, guests, credentials):
    one = guest(914)
    run(runtime, guests, one, PLAIN, credentials)
    before = runtime.running()[914].pid
    inside(runtime, one, "systemctl reboot")

    def rebooted() -> bool:
        usage = runtime.running().get(914)
        return usage is not None and usage.pid != before

    wait_until(rebooted, what="the reboot", timeout=30)
    wait_until(
        lambda: inside(runtime, one, "systemctl is-system-running") == "running",
        what="systemd after the reboot",
        timeout=30,
    )
    inside(runtime, one, "systemctl poweroff")
    wait_until(lambda: 914 not in runtime.running(), what="the end", timeout=30)
    runtime.start(one, log=silent)
    assert 914 in runtime.running()
    assert runtime.shutdown(one, timeout=60, log=silent)
    assert 914 not in runtime.running()


def test_a_server_that_was_killed_finds_everything_again(runtime, guests, credentials, state):
    one = guest(915)
    run(runtime, guests, one, PLAIN, credentials)
    again = LxcRuntime(state, cache_directory(), "pve")
    again.open(BRIDGES)
    assert again.running()[915].pid == runtime.running()[915].pid
    assert again.network_namespace() == runtime.network_namespace()


def test_many_at_once(runtime, guests, credentials):
    many = [guest(920 + number) for number in range(8)]
    guests.extend(many)
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda one: runtime.create(
                    one, template=PLAIN, credentials=credentials, log=silent
                ),
                many,
            )
        )
        list(pool.map(lambda one: runtime.start(one, log=silent), many))
    assert {one.vmid for one in many} <= set(runtime.running())
    keys = (runtime.node.directory / "known_hosts").read_text().splitlines()
    assert len({key.split()[2] for key in keys}) == len(keys), "host keys of their own"


def test_what_can_not_be_created_leaves_nothing(runtime, guests, credentials, state):
    one = guest(930)
    with pytest.raises(RuntimeFailureError, match=r"no template 'local:vztmpl/absent\.tar\.zst'"):
        runtime.create(
            one, template="local:vztmpl/absent.tar.zst", credentials=credentials, log=silent
        )
    assert not (state / "lxc/930").exists()
    assert not list((state / "storage").glob("*/subvol-930-*"))


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(runtime, credentials, state):
    full = state / "storage/full"
    full.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=12", "tmpfs", full], check=True)
    _show(full, runtime.node)
    try:
        volume = Volume(volid="full:subvol-931-disk-0", path="/", size=1 << 30)
        one = guest(931, volumes=(volume,))
        with pytest.raises(RuntimeFailureError, match="no space left in the lab's storage"):
            runtime.create(one, template=PLAIN, credentials=credentials, log=silent)
        assert list(full.iterdir()) == []
        assert not (state / "lxc/931").exists()
    finally:
        runtime.node.inside(lambda: detach_all(full))
        subprocess.run(["umount", full], check=True)
        full.rmdir()


def _show(mounted: Path, node: Node) -> None:
    """Have the node see what was mounted on this host after it had come up."""
    tree = kernel.clone_mount(str(mounted))

    def attach() -> None:
        directory = os.open(mounted, os.O_PATH)
        kernel.attach_mount(tree, directory)
        os.close(directory)

    node.inside(attach)
    os.close(tree)


def test_a_start_that_fails_says_why_and_can_be_repeated(runtime, guests, credentials):
    nic = replace(guest(932).nics[0], bridge="vmbr9")
    one = guest(932, nics=(nic,))
    guests.append(one)
    runtime.create(one, template=PLAIN, credentials=credentials, log=silent)
    said: list[str] = []
    with pytest.raises(RuntimeFailureError, match="unable to start CT 932"):
        runtime.start(one, log=said.append)
    assert any("vmbr9" in line for line in said), said
    assert 932 not in runtime.running()
    runtime.start(guest(932), log=silent)
    assert 932 in runtime.running()


def test_the_node_reaches_nothing_and_does_not_route(runtime):
    routes = json.loads(runtime.node.run("ip", "-json", "route").stdout)
    assert {route["dst"] for route in routes} == {"10.10.0.0/24", "10.20.0.0/24"}
    forward = runtime.node.run("cat", "/proc/sys/net/ipv4/ip_forward")
    assert forward.stdout.strip() == "0"


def test_host_limits_are_high_while_the_node_is_up(runtime):
    assert HostLimits().too_low() == {}


def test_lxc_tools_work_inside_the_node(runtime, guests, credentials):
    one = guest(933)
    run(runtime, guests, one, PLAIN, credentials)
    assert "933" in runtime.node.run("lxc-ls").stdout.split()
    said = runtime.node.run("lxc-attach", "-n", "933", "--", "hostname")
    assert said.stdout.strip() == "ct33"
    runtime.node.run("lxc-stop", "-n", "933", "-k")
    assert 933 not in runtime.running()


def test_a_directory_that_overlayfs_can_not_use_is_refused(tmp_path):
    path = tmp_path / "a:b"
    path.mkdir()
    with pytest.raises(Exception, match="overlayfs can't use"):
        LxcRuntime(path, cache_directory(), "pve").open(BRIDGES)


def test_without_root_it_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(CapabilityError, match="need root"):
        LxcRuntime(tmp_path, tmp_path, "pve").open(BRIDGES)

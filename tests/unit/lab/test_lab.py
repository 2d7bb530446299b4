"""The lab as a process, with the memory runtime: real TLS, a real client, real signals."""

from __future__ import annotations

import os
import signal
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from memory_lab import client_of, create, memory_lab, wait_for
from proxmoxer import ResourceException
from standstill import within

from homelab.errors import CapabilityError, ConfigurationError, UnreachableError
from homelab.lab import Lab
from homelab.lab import lab as lifecycle
from homelab.lab.server import state_directory as lab_directory
from homelab.polling import wait_until


@pytest.mark.parametrize("mode", ["password", "token"])
def test_proxmoxer_takes_a_container_through_its_life(shared: Lab, mode: str) -> None:
    info = shared.up()
    client = client_of(info, mode)
    assert client.version.get()["release"] == "9.1"
    assert client.cluster.nextid.get() == "100"
    created = create(
        client, info, hostname="web", tags=["b", "a"], net0="name=eth0,bridge=vmbr0,ip=dhcp"
    )
    assert created["exitstatus"] == "OK"
    container = client.nodes("pve").lxc(100)
    assert container.config.get()["tags"] == "a;b"
    assert wait_for(client, container.status.start.post())["exitstatus"] == "OK"
    assert container.status.current.get()["status"] == "running"
    container.config.put(memory=1024, digest=container.config.get()["digest"])
    assert container.config.get()["memory"] == 1024
    with pytest.raises(ResourceException, match="unable to destroy CT 100") as caught:
        container.delete()
    assert caught.value.status_code == 500
    wait_for(client, container.status.stop.post())
    wait_for(client, container.delete(purge=1))
    assert client.cluster.resources.get(type="vm") == []


def test_up_again_changes_nothing(shared: Lab) -> None:
    assert shared.up() == shared.up()
    status = shared.status()
    assert status.running
    assert status.containers == 0


def test_many_who_start_at_once_get_onememory_lab(tmp_path: Path) -> None:
    labs = [memory_lab(tmp_path / "lab") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        infos = list(pool.map(lambda lab: lab.up(), labs))
    assert len({info.pid for info in infos}) == 1
    labs[0].destroy()


def test_after_kill_9_everything_acknowledged_is_there(lab: Lab) -> None:
    info = lab.up()
    client = client_of(info)
    create(client, info, hostname="web", start=1)
    config = client.nodes("pve").lxc(100).config.get()
    os.kill(info.pid, signal.SIGKILL)
    wait_until(lambda: not info.is_alive, what="end", timeout=5)
    assert not lab.status().running
    with pytest.raises(UnreachableError, match="does not run"):
        lab.info()
    again = lab.up()
    assert again.pid != info.pid
    assert (again.password, again.token_secret) == (info.password, info.token_secret)
    container = client_of(again).nodes("pve").lxc(100)
    assert container.config.get() == config
    assert container.status.current.get()["status"] == "running"
    assert lab.status().containers_running == 1


def test_down_keeps_the_state_and_stops_the_containers(lab: Lab) -> None:
    info = lab.up()
    create(client_of(info), info, start=1)
    lab.down()
    assert not info.is_alive
    assert not (lab.state_dir / "lab.json").exists()
    assert lab.status().containers == 1
    container = client_of(lab.up()).nodes("pve").lxc(100)
    assert container.status.current.get()["status"] == "stopped"


def test_down_after_kill_9_stops_the_containers(lab: Lab) -> None:
    info = lab.up()
    create(client_of(info), info, start=1)
    os.kill(info.pid, signal.SIGKILL)
    wait_until(lambda: not info.is_alive, what="end", timeout=5)
    lab.down()
    lab.down()
    container = client_of(lab.up()).nodes("pve").lxc(100)
    assert container.status.current.get()["status"] == "stopped"


@pytest.mark.parametrize("end", ["alive", "down", "killed", "damaged"])
def test_destroy_leaves_nothing(tmp_path: Path, end: str) -> None:
    lab = memory_lab(tmp_path / "homelab" / "lab")
    info = lab.up()
    create(client_of(info), info, start=1)
    if end == "down":
        lab.down()
    elif end in {"killed", "damaged"}:
        os.kill(info.pid, signal.SIGKILL)
        wait_until(lambda: not info.is_alive, what="end", timeout=5)
    if end == "damaged":
        (lab.state_dir / "lab.db").write_bytes(b"x" * 5000)
    lab.destroy()
    assert not info.is_alive
    assert list(tmp_path.iterdir()) == []
    lab.destroy()


def test_an_ephemeral_lab_is_gone_after_its_block() -> None:
    with Lab(ephemeral=True, runtime="memory") as lab:
        path = lab.state_dir
        assert lab.info().is_alive
    assert not path.exists()


def test_what_is_secret_is_its_owners_and_requests_are_not_logged(shared: Lab) -> None:
    info = shared.up()
    client_of(info).version.get()
    for name in ("lab.json", "secrets.json", "lab.db", "tls/server.key", "ssh/id_ed25519"):
        assert stat.S_IMODE((shared.state_dir / name).stat().st_mode) == 0o600, name
    log = (shared.state_dir / "server.log").read_text()
    assert info.password not in log
    assert "WARNING" not in log
    assert "GET" not in log
    assert info.password not in repr(info)
    assert info.token_secret not in repr(info)


def test_the_environment_points_clients_at_thememory_lab(shared: Lab) -> None:
    info = shared.up()
    env = shared.env()
    assert env["PM_API_URL"] == info.api_url
    assert env["PM_API_TOKEN_ID"] == "root@pam!homelab"
    assert env["HOMELAB_STORAGE"] == "local-zfs"
    assert env["HOMELAB_TEMPLATE"].startswith("local:vztmpl/")
    assert env["TF_VAR_ssh_public_keys"].startswith("ssh-ed25519 ")


def test_a_running_lab_with_another_runtime_is_one_clear_error(shared: Lab) -> None:
    shared.up()
    with pytest.raises(ConfigurationError, match="runs with the runtime memory, and lxc"):
        Lab(state=shared.state_dir, runtime="lxc").up()
    assert Lab(state=shared.state_dir, runtime="auto").up().runtime == "memory"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nodes": 3}, "runs with 1 node, not with 3 nodes"),
        ({"pve_version": "8"}, "runs with Proxmox VE 9.1.1, not with Proxmox VE 8.4.14"),
        ({"resources_lag": 2.0}, "runs with a lag of 0 s, not with a lag of 2 s"),
        ({"pve_version": "7"}, "no release that the lab can be"),
    ],
)
def test_a_running_lab_with_other_settings_is_one_clear_error(
    shared: Lab, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        memory_lab(shared.state_dir, **options).up()
    assert caught.value.hint
    assert shared.info().pid == memory_lab(shared.state_dir, nodes=1, pve_version="9").up().pid


def test_a_lag_shows_a_new_container_later(tmp_path: Path) -> None:
    lab = memory_lab(tmp_path / "lab", resources_lag=0.2)
    try:
        info = lab.up()
        client = client_of(info)
        create(client, info, hostname="late")

        def name() -> str | None:
            [row] = client.cluster.resources.get(type="vm")
            return row.get("name")

        assert wait_until(name, what="the name", timeout=10, interval=0.05) == "late"
    finally:
        lab.destroy()


def test_containers_of_one_runtime_are_not_given_to_another(lab: Lab) -> None:
    info = lab.up()
    create(client_of(info), info)
    lab.down()
    with pytest.raises(ConfigurationError, match="belong to the runtime memory"):
        Lab(state=lab.state_dir, runtime="lxc", listen="127.0.0.1:0").up()


def test_bridges_are_kept_and_changed_by_the_next_start(lab: Lab) -> None:
    mine = {"vmbr0": "10.77.0.1/24"}
    changed = memory_lab(lab.state_dir, bridges=mine)
    assert dict(changed.up().bridges) == mine
    assert dict(lab.up().bridges) == mine
    with pytest.raises(ConfigurationError, match="runs with other bridges"):
        memory_lab(lab.state_dir, bridges={"vmbr0": "10.78.0.1/24"}).up()
    lab.down()
    assert dict(lab.up().bridges) == mine
    lab.down()
    info = memory_lab(lab.state_dir, bridges={"vmbr0": "10.78.0.1/24"}).up()
    (row,) = client_of(info).nodes("pve").network.get()
    assert row["cidr"] == "10.78.0.1/24"


def test_a_lab_that_keeps_state_only_has_no_network_to_ask(lab: Lab) -> None:
    lab.up()

    with pytest.raises(CapabilityError, match="keeps state only"):
        lab.network_namespace()


def test_progress_may_ask_the_lab_while_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is locked for whoever is told, although the start holds the directory's lock."""
    seen: list[bool] = []
    launch = lifecycle.launch

    def telling(*arguments: Any, on_progress: Any, **more: Any) -> None:
        on_progress("making a template")
        launch(*arguments, on_progress=on_progress, **more)

    def told(_line: str) -> None:
        with lab_directory.exclusive(tmp_path / "lab"):
            seen.append(lab.status().running)

    monkeypatch.setattr(lifecycle, "launch", telling)
    lab = memory_lab(tmp_path / "lab", on_progress=told)
    try:
        within(60, lab.up)
    finally:
        lab.destroy()

    assert seen == [True]

"""The lab as a process, with the memory runtime: real TLS, a real client, real signals."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from proxmoxer import AuthenticationError, ProxmoxAPI, ResourceException
from standstill import within

from homelab.errors import CapabilityError, ConfigurationError, UnreachableError
from homelab.lab import Lab, LabInfo
from homelab.lab import lab as lifecycle
from homelab.lab.server import state_directory as lab_directory
from homelab.polling import wait_until

MODES = ("password", "token")


def _lab(path: Path, **options: Any) -> Lab:
    return Lab(state=path, runtime="memory", **{"listen": "127.0.0.1:0", **options})


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = _lab(tmp_path / "lab")
    yield made
    made.destroy()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab that tests use together; each leaves it as it was."""
    made = _lab(tmp_path_factory.mktemp("shared") / "lab")
    made.up()
    yield made
    made.destroy()


def _client(info: LabInfo, mode: str = "token", **more: Any) -> Any:
    host, port = info.api_url.split("/")[2].split(":")
    if mode == "password":
        credentials = {"password": info.password}
    else:
        credentials = {
            "token_name": info.token_id.partition("!")[2],
            "token_value": info.token_secret,
        }
    return ProxmoxAPI(
        host,
        port=int(port),
        user=info.user,
        verify_ssl=info.ca_file,
        **{**credentials, **more},
    )


def _wait(client: Any, upid: str) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        status: dict[str, Any] = client.nodes("pve").tasks(upid).status.get()
        return status if status["status"] == "stopped" else None

    return wait_until(ended, what=upid, timeout=10, interval=0.01)


def _create(client: Any, info: LabInfo, vmid: int = 100, **options: Any) -> dict[str, Any]:
    upid = client.nodes("pve").lxc.post(
        vmid=vmid, ostemplate=info.template, rootfs=f"{info.storage}:4", **options
    )
    return _wait(client, upid)


@pytest.mark.parametrize("mode", MODES)
def test_proxmoxer_takes_a_container_through_its_life(shared: Lab, mode: str) -> None:
    info = shared.up()
    client = _client(info, mode)
    assert client.version.get()["release"] == "9.1"
    assert client.cluster.nextid.get() == "100"
    created = _create(
        client, info, hostname="web", tags=["b", "a"], net0="name=eth0,bridge=vmbr0,ip=dhcp"
    )
    assert created["exitstatus"] == "OK"
    container = client.nodes("pve").lxc(100)
    assert container.config.get()["tags"] == "a;b"
    assert _wait(client, container.status.start.post())["exitstatus"] == "OK"
    assert container.status.current.get()["status"] == "running"
    container.config.put(memory=1024, digest=container.config.get()["digest"])
    assert container.config.get()["memory"] == 1024
    with pytest.raises(ResourceException, match="unable to destroy CT 100") as caught:
        container.delete()
    assert caught.value.status_code == 500
    _wait(client, container.status.stop.post())
    _wait(client, container.delete(purge=1))
    assert client.cluster.resources.get(type="vm") == []


def test_the_reason_phrase_is_pves_and_an_error_closes_the_connection(shared: Lab) -> None:
    info = shared.up()
    headers = {"Authorization": f"PVEAPIToken={info.token_id}={info.token_secret}"}
    with requests.Session() as session:
        session.trust_env = False
        session.verify = info.ca_file
        answer = session.get(
            f"{info.api_url}/cluster/ha/resources/100", headers=headers, timeout=10
        )
        assert (answer.status_code, answer.reason) == (500, "no such resource 'ct:100'")
        assert answer.headers["Connection"] == "close"
        assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
        assert (
            "Connection"
            not in session.get(f"{info.api_url}/version", headers=headers, timeout=10).headers
        )


def test_plain_http_is_sent_to_https(shared: Lab) -> None:
    info = shared.info()
    url = f"{info.api_url.replace('https', 'http')}/version?x=1"
    for method, status in (("GET", 301), ("HEAD", 301), ("POST", 308)):
        answer = requests.request(method, url, allow_redirects=False, timeout=10)
        assert answer.status_code == status
        assert answer.headers["Location"] == f"{info.api_url}/version?x=1"
    login = {"username": info.user, "password": info.password}
    plain = f"{info.api_url.replace('https', 'http')}/access/ticket"
    assert requests.post(plain, data=login, verify=info.ca_file, timeout=10).status_code == 200


def test_connections_that_say_nothing_or_nonsense_hold_up_no_one(shared: Lab) -> None:
    info = shared.info()
    host, port = info.api_url.split("/")[2].split(":")
    with ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
            for _ in range(20)
        ]
        silent[0].sendall(b"nonsense\r\n\r\n")
        silent[1].sendall(b"\x16 no handshake at all, but long enough to be read as one")
        assert _client(info).version.get()["release"]
        assert silent[0].recv(100) == b""
    assert _client(info).version.get()["release"]


def test_a_wrong_password_is_refused_after_a_while(shared: Lab) -> None:
    begin = time.monotonic()
    with pytest.raises(AuthenticationError):
        _client(shared.up(), "password", password="wrong")
    assert time.monotonic() - begin >= 3


def test_up_again_changes_nothing(shared: Lab) -> None:
    assert shared.up() == shared.up()
    status = shared.status()
    assert status.running
    assert status.containers == 0


def test_many_who_start_at_once_get_one_lab(tmp_path: Path) -> None:
    labs = [_lab(tmp_path / "lab") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        infos = list(pool.map(lambda lab: lab.up(), labs))
    assert len({info.pid for info in infos}) == 1
    labs[0].destroy()


def test_after_kill_9_everything_acknowledged_is_there(lab: Lab) -> None:
    info = lab.up()
    client = _client(info)
    _create(client, info, hostname="web", start=1)
    config = client.nodes("pve").lxc(100).config.get()
    os.kill(info.pid, signal.SIGKILL)
    wait_until(lambda: not info.is_alive, what="end", timeout=5)
    assert not lab.status().running
    with pytest.raises(UnreachableError, match="does not run"):
        lab.info()
    again = lab.up()
    assert again.pid != info.pid
    assert (again.password, again.token_secret) == (info.password, info.token_secret)
    container = _client(again).nodes("pve").lxc(100)
    assert container.config.get() == config
    assert container.status.current.get()["status"] == "running"
    assert lab.status().containers_running == 1


def test_down_keeps_the_state_and_stops_the_containers(lab: Lab) -> None:
    info = lab.up()
    _create(_client(info), info, start=1)
    lab.down()
    assert not info.is_alive
    assert not (lab.state_dir / "lab.json").exists()
    assert lab.status().containers == 1
    container = _client(lab.up()).nodes("pve").lxc(100)
    assert container.status.current.get()["status"] == "stopped"


def test_down_after_kill_9_stops_the_containers(lab: Lab) -> None:
    info = lab.up()
    _create(_client(info), info, start=1)
    os.kill(info.pid, signal.SIGKILL)
    wait_until(lambda: not info.is_alive, what="end", timeout=5)
    lab.down()
    lab.down()
    container = _client(lab.up()).nodes("pve").lxc(100)
    assert container.status.current.get()["status"] == "stopped"


@pytest.mark.parametrize("end", ["alive", "down", "killed", "damaged"])
def test_destroy_leaves_nothing(tmp_path: Path, end: str) -> None:
    lab = _lab(tmp_path / "homelab" / "lab")
    info = lab.up()
    _create(_client(info), info, start=1)
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
    _client(info).version.get()
    for name in ("lab.json", "secrets.json", "lab.db", "tls/server.key", "ssh/id_ed25519"):
        assert stat.S_IMODE((shared.state_dir / name).stat().st_mode) == 0o600, name
    log = (shared.state_dir / "server.log").read_text()
    assert info.password not in log
    assert "WARNING" not in log
    assert "GET" not in log
    assert info.password not in repr(info)
    assert info.token_secret not in repr(info)


def test_the_environment_points_clients_at_the_lab(shared: Lab) -> None:
    info = shared.up()
    env = shared.env()
    assert env["PM_API_URL"] == info.api_url
    assert env["PM_API_TOKEN_ID"] == "root@pam!homelab"
    assert env["HOMELAB_STORAGE"] == "local-zfs"
    assert env["HOMELAB_TEMPLATE"].startswith("local:vztmpl/")
    assert env["TF_VAR_ssh_public_keys"].startswith("ssh-ed25519 ")


def test_a_port_in_use_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} of 127.0.0.1") as caught:
            _lab(tmp_path / "lab", listen=f"127.0.0.1:{port}").up()
    assert "--listen" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("listen", ["8006", "127.0.0.1:x", "127.0.0.1:70000", "192.0.2.1:8006"])
def test_a_wrong_address_is_one_clear_error(tmp_path: Path, listen: str) -> None:
    with pytest.raises(ConfigurationError, match="listen"):
        _lab(tmp_path / "lab", listen=listen).up()


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
        _lab(shared.state_dir, **options).up()
    assert caught.value.hint
    assert shared.info().pid == _lab(shared.state_dir, nodes=1, pve_version="9").up().pid


def test_a_lag_shows_a_new_container_later(tmp_path: Path) -> None:
    lab = _lab(tmp_path / "lab", resources_lag=0.2)
    try:
        info = lab.up()
        client = _client(info)
        _create(client, info, hostname="late")

        def name() -> str | None:
            [row] = client.cluster.resources.get(type="vm")
            return row.get("name")

        assert wait_until(name, what="the name", timeout=10, interval=0.05) == "late"
    finally:
        lab.destroy()


def test_containers_of_one_runtime_are_not_given_to_another(lab: Lab) -> None:
    info = lab.up()
    _create(_client(info), info)
    lab.down()
    with pytest.raises(ConfigurationError, match="belong to the runtime memory"):
        Lab(state=lab.state_dir, runtime="lxc", listen="127.0.0.1:0").up()


def test_bridges_are_kept_and_changed_by_the_next_start(lab: Lab) -> None:
    mine = {"vmbr0": "10.77.0.1/24"}
    changed = _lab(lab.state_dir, bridges=mine)
    assert dict(changed.up().bridges) == mine
    assert dict(lab.up().bridges) == mine
    with pytest.raises(ConfigurationError, match="runs with other bridges"):
        _lab(lab.state_dir, bridges={"vmbr0": "10.78.0.1/24"}).up()
    lab.down()
    assert dict(lab.up().bridges) == mine
    lab.down()
    info = _lab(lab.state_dir, bridges={"vmbr0": "10.78.0.1/24"}).up()
    (row,) = _client(info).nodes("pve").network.get()
    assert row["cidr"] == "10.78.0.1/24"


def test_a_stale_file_of_an_earlier_lab_is_no_obstacle(lab: Lab) -> None:
    info = lab.up()
    text = (lab.state_dir / "lab.json").read_text()
    lab.down()
    stale = {**json.loads(text), "pid": os.getpid(), "start_time": info.start_time}
    (lab.state_dir / "lab.json").write_text(json.dumps(stale))
    assert not lab.status().running
    assert lab.up().pid not in {info.pid, os.getpid()}
    (lab.state_dir / "lab.json").write_text("{")
    assert not lab.status().running
    with pytest.raises(ConfigurationError, match="another server uses"):
        lab.up()
    lab.down()
    assert lab.up().is_alive


def test_two_servers_never_share_a_directory(shared: Lab) -> None:
    shared.up()
    with pytest.raises(ConfigurationError, match="runs already"):
        shared.serve()
    with (
        pytest.raises(ConfigurationError, match="another server uses"),
        lab_directory.serving(shared.state_dir),
    ):
        pass


def test_a_directory_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    for action in (_lab(tmp_path).up, _lab(tmp_path).destroy):
        with pytest.raises(ConfigurationError, match="holds no lab"):
            action()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_place_of_the_directory_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "lab").write_text("")
    with pytest.raises(ConfigurationError, match="as the lab's state directory"):
        _lab(tmp_path / "lab").up()


def test_foreign_files_in_the_directory_survive_a_destroy(tmp_path: Path) -> None:
    lab = _lab(tmp_path / "lab")
    lab.up()
    (lab.state_dir / "notes.txt").write_text("mine")
    lab.destroy()
    assert [path.name for path in lab.state_dir.iterdir()] == ["notes.txt"]


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
    lab = _lab(tmp_path / "lab", on_progress=told)
    try:
        within(60, lab.up)
    finally:
        lab.destroy()

    assert seen == [True]

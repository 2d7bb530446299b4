"""The whole table: each endpoint, asked without the right that it states, and with that alone."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from lab_node import TEMPLATE, Answer, LabNode, node_opener
from rights import ANN, WORD, Grant, content, enough, hold_all_but, hold_only, lacking, right_of

from homelab.lab.api.endpoint import Endpoint
from homelab.lab.api.rights import OnUser, Rows, Values, variables
from homelab.lab.api.table import ENDPOINTS

BOB = "bob@pve"
_BACKUP = re.compile(r"local:backup/vzdump-lxc-100-\S+")
_L = "/nodes/pve/lxc/100"
_RULE = {"type": "in", "action": "ACCEPT"}
_ALIAS = {"name": "lan", "cidr": "10.0.0.0/8"}

NAMES = {
    "node": "pve",
    "vmid": "100",
    "storage": "local",
    "poolid": "media",
    "userid": BOB,
    "tokenid": "ci",
    "groupid": "ops",
    "roleid": "Look",
    "realm": "pve",
    "iface": "vmbr0",
    "snapname": "one",
    "pos": "0",
    "cidr": "10.0.0.1",
    "group": "web",
    "name": "lan",
    "id": "one",
    "sid": "ct:100",
    "newid": "101",
    "bridge": "vmbr0",
    "owner": "100",
    "ostemplate": "local",
    "rootfs": "local-zfs",
    "path": "/vms/100",
    "pool": "media",
    "groups": "ops",
}
"""What the furnished node has of each kind that a path or a right names."""

PARAMETERS = {
    "POST /access/users": {"userid": "eve@pve", "groups": "ops"},
    "PUT /access/users/{userid}": {"groups": "ops", "comment": "x"},
    "POST /access/users/{userid}/token/{tokenid}": {},
    "POST /access/groups": {"groupid": "new"},
    "PUT /access/groups/{groupid}": {"comment": "x"},
    "POST /access/roles": {"roleid": "New"},
    "PUT /access/acl": {"path": "/vms/100", "roles": "PVEVMUser", "users": BOB},
    "PUT /access/password": {
        "userid": BOB,
        "password": "another word",
        "confirmation-password": WORD,
    },
    "GET /access/permissions": {"userid": BOB},
    "POST /pools": {"poolid": "media/films"},
    "PUT /pools": {"poolid": "media", "comment": "x"},
    "DELETE /pools": {"poolid": "media"},
    "PUT /pools/{poolid*}": {"comment": "x"},
    "PUT /cluster/options": {"keyboard": "de"},
    "POST /nodes/{node}/lxc": {
        "vmid": 101,
        "ostemplate": TEMPLATE,
        "rootfs": "local-zfs:1",
        "pool": "media",
        "net0": "name=eth0,bridge=vmbr0",
    },
    "PUT /nodes/{node}/lxc/{vmid}/resize": {"disk": "rootfs", "size": "+1G"},
    "POST /nodes/{node}/lxc/{vmid}/clone": {"newid": 101, "pool": "media"},
    "POST /nodes/{node}/lxc/{vmid}/migrate": {"target": "pve2"},
    "GET /nodes/{node}/lxc/{vmid}/feature": {"feature": "copy"},
    "POST /nodes/{node}/lxc/{vmid}/snapshot": {"snapname": "two"},
    "PUT /nodes/{node}/lxc/{vmid}/snapshot/{snapname}/config": {"description": "x"},
    "POST /nodes/{node}/vzdump": {"vmid": 100, "storage": "local"},
    "POST /nodes/{node}/storage/{storage}/upload": {"content": "iso", "filename": "a.iso"},
    "POST /nodes/{node}/storage/{storage}/download-url": {
        "content": "iso",
        "filename": "a.iso",
        "url": "http://127.0.0.1:9/a.iso",
    },
    "PUT /nodes/{node}/storage/{storage}/content/{volume*}": {"notes": "x"},
    "POST /nodes/{node}/aplinfo": {"storage": "local", "template": TEMPLATE.rpartition("/")[2]},
    "PUT /nodes/{node}/dns": {"search": "lan"},
    "POST /nodes/{node}/hosts": {"data": "x"},
    "PUT /nodes/{node}/time": {"timezone": "Europe/Vienna"},
    "PUT /nodes/{node}/config": {"description": "x"},
    "POST /cluster/firewall/groups": {"group": "new"},
}
"""What is sent beside the path; what an endpoint requires and is not here comes from `_DEFAULTS`."""
_DEFAULTS = {"timeframe": "hour", **_RULE, **_ALIAS, "comment": "x"}

OPEN = [e for e in ENDPOINTS if right_of(e.permission) is None]
ROWS = [e for e in ENDPOINTS if isinstance(e.permission, Rows)]
GUARDED = [e for e in ENDPOINTS if e not in OPEN and e not in ROWS]


@dataclass(frozen=True)
class Furnished:
    """Where a node with one of everything has its state, and what is called what there."""

    directory: Path
    backup: str
    upid: str

    def path(self, endpoint: Endpoint) -> str:
        values = {**NAMES, "volume": self.backup, "upid": self.upid}
        return endpoint.path.replace("*}", "}").format(**values)


def _name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


@contextmanager
def _opened(directory: Path) -> Iterator[tuple[LabNode, LabNode]]:
    """The node that is kept there, asked by root and by Ann."""
    with node_opener(directory) as open_:
        node = open_(nodes=("pve", "pve2"))
        yield node, node.log_in(ANN, WORD)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory) -> Furnished:
    directory = tmp_path_factory.mktemp("furnished")
    with node_opener(directory) as open_:
        node = open_(nodes=("pve", "pve2"))
        upid = node.create(100, net0="name=eth0,bridge=vmbr0")["upid"]
        for method, path, values in (
            ("POST", "/access/groups", {"groupid": "ops"}),
            ("POST", "/access/users", {"userid": ANN, "password": WORD}),
            ("POST", "/access/users", {"userid": BOB, "password": WORD, "groups": "ops"}),
            ("POST", f"/access/users/{BOB}/token/ci", {}),
            ("POST", "/access/roles", {"roleid": "Look", "privs": "VM.Audit"}),
            ("PUT", "/access/acl", {"path": "/vms/100", "roles": "PVEAuditor", "users": BOB}),
            ("POST", "/pools", {"poolid": "media"}),
            ("PUT", "/cluster/options", {"language": "de"}),
            ("POST", "/cluster/firewall/groups", {"group": "web"}),
            ("POST", "/cluster/firewall/groups/web", _RULE),
        ):
            assert node.ask(method, path, **values).status == 200, path
        for place in ("/cluster", "/nodes/pve", _L):
            node.ask("POST", f"{place}/firewall/rules", **_RULE)
            node.ask("POST", f"{place}/firewall/aliases", **_ALIAS)
            node.ask("POST", f"{place}/firewall/ipset", name="lan")
            node.ask("POST", f"{place}/firewall/ipset/lan", cidr="10.0.0.1")
        node.wait(node.ask("POST", f"{_L}/snapshot", snapname="one").data)
        node.wait(node.ask("POST", "/nodes/pve/vzdump", vmid=100).data)
        rows = node.ask("GET", "/nodes/pve/storage/local/content", content="backup").data
        return Furnished(directory, str(rows[0]["volid"]), upid)


@pytest.fixture(scope="module")
def node_and_ann(furnished) -> Iterator[tuple[LabNode, LabNode]]:
    with _opened(furnished.directory) as both:
        yield both


def _values(endpoint: Endpoint) -> Values:
    """What a right's paths name: the request's own words, else what the node has."""
    sent = {key: str(value) for key, value in PARAMETERS.get(_name(endpoint), {}).items()}
    words = {**NAMES, **{key: sent[key] for key in ("userid", "poolid", "vmid") if key in sent}}
    return {**words, "realm": words["userid"].rpartition("@")[2]}


def _ask(ann: LabNode, endpoint: Endpoint, furnished: Furnished) -> Answer:
    sent = PARAMETERS.get(_name(endpoint), {})
    needed = [name for name, found in endpoint.parameters.items() if found.required]
    more = {name: _DEFAULTS[name] for name in needed if name not in sent and name in _DEFAULTS}
    more |= {"volume": furnished.backup} if "volume" in needed else {}
    if endpoint.method == "POST" and endpoint.path.endswith(("{tokenid}", "/ipset/{name}")):
        path = furnished.path(endpoint).replace("/ci", "/new")
        return ann.ask("POST", path, **{**sent, **more, "cidr": None})
    return ann.ask(endpoint.method, furnished.path(endpoint), **{**more, **sent})


@pytest.mark.parametrize("endpoint", GUARDED, ids=_name)
def test_without_the_right_it_is_refused_and_nothing_changes(
    furnished, node_and_ann, endpoint
) -> None:
    node, ann = node_and_ann
    right = right_of(endpoint.permission)
    assert right is not None
    for gone in lacking(right, _values(endpoint)):
        hold_all_but(node, gone)
        before = content(node)
        answer = _ask(ann, endpoint, furnished)
        assert answer.status == 403, (list(map(str, gone)), answer.status, answer.content)
        assert content(node) == before


@pytest.mark.parametrize("endpoint", GUARDED, ids=_name)
def test_with_that_right_alone_it_is_not_refused(
    furnished, node_and_ann, tmp_path, endpoint
) -> None:
    right = right_of(endpoint.permission)
    assert right is not None
    choices = enough(right, _values(endpoint))
    assert choices
    for number, given in enumerate(choices):
        with ExitStack() as stack:
            node, ann = node_and_ann
            if endpoint.method != "GET":
                copy = tmp_path / str(number)
                shutil.copytree(furnished.directory, copy)
                node, ann = stack.enter_context(_opened(copy))
            hold_only(node, given)
            answer = _ask(ann, endpoint, furnished)
            assert answer.status != 403, (list(map(str, given)), answer.content)


def _size(value: object) -> int:
    """How much a list shows: its rows and their fields."""
    if isinstance(value, dict):
        return 1 + sum(map(_size, value.values()))
    return 1 + sum(map(_size, value)) if isinstance(value, list) else 1


@pytest.mark.parametrize("endpoint", ROWS, ids=_name)
def test_a_list_shows_what_the_caller_may_see(furnished, node_and_ann, endpoint) -> None:
    node, ann = node_and_ann
    right = right_of(endpoint.permission)
    assert right is not None
    hold_only(node, ())
    nothing = _size(_ask(ann, endpoint, furnished).data)
    for gone in lacking(right, NAMES):
        hold_all_but(node, gone)
        everything = _size(_ask(node, endpoint, furnished).data)
        assert _size(_ask(ann, endpoint, furnished).data) < everything, list(map(str, gone))
    for given in enough(right, NAMES):
        hold_only(node, given)
        assert _size(_ask(ann, endpoint, furnished).data) > nothing, list(map(str, given))


def test_what_a_right_names_is_known() -> None:
    """Else the tests above would ask for another object than the handler uses."""
    for endpoint in (*GUARDED, *ROWS):
        right = right_of(endpoint.permission)
        assert right is not None
        assert variables(right) <= NAMES.keys(), _name(endpoint)
    assert PARAMETERS.keys() <= {_name(endpoint) for endpoint in ENDPOINTS}


def test_grants_say_what_they_are() -> None:
    assert str(Grant("/vms/100", ("VM.Audit", "VM.Backup"))) == "VM.Audit|VM.Backup on /vms/100"
    assert str(OnUser(("User.Modify",))) == "/access/groups or a group of the user, User.Modify"

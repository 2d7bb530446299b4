"""Text never becomes configuration, and no value breaks what others see, also after a restart."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlencode

import hostile
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lab_contents import VALUES, answers, calm, contents, furnish, lasting
from lab_node import Answer, LabNode, OpenNode, node_opener

from homelab.lab.api.dispatch import Request
from homelab.lab.api.endpoint import Endpoint
from homelab.lab.api.table import ENDPOINTS

_WRITES = tuple(endpoint for endpoint in ENDPOINTS if endpoint.method != "GET")
_VALID: dict[tuple[str, str], dict[str, str]] = {
    ("POST", "/nodes/{node}/lxc"): {
        "vmid": "102",
        "ostemplate": "local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst",
        "rootfs": "local-zfs:1",
    },
    ("POST", "/nodes/{node}/lxc/{vmid}/clone"): {"newid": "103"},
    ("POST", "/pools"): {"poolid": "new"},
    ("POST", "/access/users"): {"userid": "new@pve"},
    ("POST", "/access/groups"): {"groupid": "new"},
    ("POST", "/access/roles"): {"roleid": "New"},
    ("PUT", "/access/acl"): {"path": "/vms", "roles": "PVEAuditor", "users": "ann@pve"},
    ("PUT", "/pools"): {"poolid": "media"},
    ("DELETE", "/pools"): {"poolid": "media"},
    ("PUT", "/nodes/{node}/dns"): {"search": "lab"},
    ("POST", "/nodes/{node}/lxc/{vmid}/snapshot"): {"snapname": "two"},
    ("POST", "/nodes/{node}/vzdump"): {"vmid": "100"},
    ("PUT", "/nodes/{node}/lxc/{vmid}/resize"): {"disk": "rootfs", "size": "+1M"},
}
_RULE = {"type": "in", "action": "ACCEPT"}
_CALM = settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=(HealthCheck.function_scoped_fixture, HealthCheck.too_slow),
)


def _path(endpoint: Endpoint) -> str:
    return re.sub(
        r"\{(\w+)\*?\}",
        lambda match: quote(VALUES.get(match[1], "backup/none"), safe="/"),
        endpoint.path,
    )


def _valid(endpoint: Endpoint) -> dict[str, str]:
    if (endpoint.method, endpoint.path) in _VALID:
        return _VALID[endpoint.method, endpoint.path]
    rule = _RULE if "action" in endpoint.parameters else {}
    named = {"name": "new", "cidr": "10.1.0.0/16", "group": "new"}
    return {k: v for k, v in {**named, **rule}.items() if k in endpoint.parameters}


def _ask(node: LabNode, endpoint: Endpoint, path: str, values: dict[str, str]) -> Answer:
    """Ask with values that may hold lone surrogates, which a form carries as bytes."""
    form = urlencode(values, errors="surrogatepass")
    return _send(node, endpoint.method, path, form.encode())


def _send(node: LabNode, method: str, path: str, body: bytes, kind: str = "") -> Answer:
    in_query = method in {"GET", "DELETE"}
    headers = {**node.headers, **({"Content-Type": kind} if kind else {})}
    return node.raw(
        Request(
            method=method,
            path=f"/api2/json{path}",
            query=body.decode() if in_query else "",
            headers=headers,
            body=b"" if in_query else body,
        )
    )


def _owner(path: str) -> tuple[str, ...]:
    """Which object a path is of: a guest, else its kind."""
    parts = path.strip("/").split("/")
    length = {"nodes": 4 if parts[2:3] == ["lxc"] else 3, "pools": 1}.get(parts[0], 2)
    return tuple(parts[:length])


_REACH = {
    # Whoever is removed leaves the rules, and the groups that they were in.
    ("access", "users"): {("access", "acl"), ("access", "groups"), ("access", "permissions")},
    ("access", "groups"): {("access", "acl"), ("access", "users")},
    ("access", "roles"): {("access", "acl"), ("access", "permissions"), ("access", "users")},
    ("access", "acl"): {("access", "permissions"), ("access", "users")},
}


def _changed_elsewhere(
    before: dict[str, tuple[int, object]], after: dict[str, tuple[int, object]], asked: str
) -> list[str]:
    mine = {_owner(asked), *_REACH.get(_owner(asked), ())}
    guests = asked.startswith("/nodes/pve/lxc")
    return [
        path
        for path in before
        if before[path] != after[path]
        and _owner(path) not in mine
        and not (guests and re.search(r"^/(?:pools|cluster)", path))
        and not (asked.startswith("/nodes/pve/vzdump") and "/content" in path)
        and not (asked.startswith("/cluster/firewall") and path.endswith("/refs"))
    ]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabNode]:
    with node_opener(tmp_path_factory.mktemp("node")) as open_:
        node = open_()
        furnish(node)
        yield node


@st.composite
def _requests(draw: st.DrawFn) -> tuple[Endpoint, str, str]:
    endpoint = draw(st.sampled_from([e for e in _WRITES if e.parameters]))
    families = {re.sub(r"\d+$", "", name): name for name in sorted(endpoint.parameters)}
    name = families[draw(st.sampled_from(sorted(families)))]
    return endpoint, name, draw(hostile.texts)


@_CALM
@given(request=_requests())
def test_a_hostile_value_changes_nothing_else_and_breaks_no_list(
    furnished: LabNode, request: tuple[Endpoint, str, str]
) -> None:
    endpoint, name, value = request
    furnish(furnished)
    before = lasting(contents(furnished))
    path = _path(endpoint)
    answer = _ask(furnished, endpoint, path, {**_valid(endpoint), name: value})
    calm(furnished)
    assert answer.status in {200, 400, 403, 500, 501}, (path, name, value, answer.content)
    if answer.status == 400:
        assert answer.content["errors"], (path, name, value)
    found = contents(furnished)
    gone = path if endpoint.method == "DELETE" else None
    broken = {
        path: answer
        for path, answer in found.items()
        if answer[0] >= 500
        and before.get(path, (500,))[0] < 500
        and _owner(path)[2:3] != ("lxc",)
        and path != gone
    }
    assert not broken, (path, name, value)
    assert _changed_elsewhere(before, lasting(found), path) == [], (path, name, value)


def test_every_parameter_takes_hostile_values_or_says_no(furnished: LabNode) -> None:
    """The whole table; each parameter gets some of the values, and each value goes to many."""
    problems: list[str] = []
    values = itertools.cycle(hostile.VALUES)
    for endpoint in ENDPOINTS:
        families = {re.sub(r"\d+$", "", name): name for name in endpoint.parameters}
        for name in families.values():
            for value in itertools.islice(values, 13):
                answer = _ask(furnished, endpoint, _path(endpoint), {name: value})
                if answer.status == 200 and any("\ud800" <= part <= "\udfff" for part in value):
                    problems.append(f"{endpoint.method} {endpoint.path} {name} took {value!r}")
                if answer.status == 400 and not answer.errors:
                    problems.append(f"{endpoint.method} {endpoint.path} {name}: {value!r:.40}")
        furnish(furnished)
    assert problems == []
    assert {path: furnished.ask("GET", path).status for path in _LISTS} == dict.fromkeys(
        _LISTS, 200
    )


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        *(
            ("application/json", body)
            for body in (
                b'{"description": "\\ud800"}',
                b'{"\\udfff": 1}',
                b'{"memory": 1e400}',
                b'{"memory": NaN}',
                b'{"memory": Infinity}',
                b'{"memory": ' + b"9" * 5000 + b"}",
                b'{"memory": 9223372036854775808}',
                b'{"memory": {"a": 1}}',
                b'{"memory": [[1]]}',
                b'{"description": {"a": "b"}}',
                b'{"tags": [null]}',
                b'{"tags": ' + json.dumps(["x"] * 100_000).encode() + b"}",
                b'{"memory": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
                b'{"env": "A=b\\nmp0: local-zfs:subvol-101-disk-0,mp=/x"}',
                b'{"entrypoint": "/sbin/init\\nfeatures: mount=nfs"}',
            )
        ),
        *(
            ("application/x-www-form-urlencoded", body)
            for body in (
                b"description=%ED%A0%80",
                b"%ED%A0%80=1",
                b"description=\xff",
                b"description=%FF%FE",
                b"memory=%D9%A3%D9%A3",
                b"memory=+33",
                b"memory=%2B33",
                b"memory=" + b"9" * 5000,
                b"env=A%3Db%0Amp0%3A+local-zfs%3Asubvol-101-disk-0%2Cmp%3D/x",
                b"hostname=a%0Dmp0%3A+x",
            )
        ),
    ],
)
def test_a_body_that_no_value_may_have_is_one_400(node: LabNode, kind: str, body: bytes) -> None:
    node.create()
    before = node.config()
    answer = _send(node, "PUT", "/nodes/pve/lxc/100/config", body, kind)
    assert answer.status == 400
    assert node.config() == before
    assert node.ask("GET", "/cluster/resources").status == 200


@pytest.mark.parametrize("raw", ["\udcff", "%FF", "%ED%A0%80", "a%00b", "%0A%0D", "x" * 5000])
def test_no_name_in_a_path_breaks_the_reply(node: LabNode, raw: str) -> None:
    for path in (f"/pools/{raw}", f"/access/users/{raw}", f"/nodes/{raw}/lxc", f"/{raw}"):
        for method in ("GET", "POST", "PUT", "DELETE"):
            assert _send(node, method, path, b"").status in {400, 403, 500, 501}


def test_credentials_that_are_no_text_are_refused(node: LabNode) -> None:
    for header in ("PVEAPIToken=root@pam!homelab=\udcff", "PVEAuthCookie=PVE:\udcff:0::x"):
        node.headers = {"Authorization": header, "CSRFPreventionToken": "\udcff:x"}
        assert node.ask("GET", "/version").status == 401


_GARBAGE = (
    "",
    "\0\n[x]\nmemory: 99999999999999999999\nrootfs: ..\nnet0: x",
    "{",
    json.dumps(
        {
            "groups": 5,
            "rules": [5],
            "aliases": {"a": 1},
            "enable": "x",
            "path": 7,
            "name": [],
            "timezone": 9,
            "delay": "x",
            "size": "x",
            "privs": "x",
            "comment": 5,
            "expire": "x",
        }
    ),
    "9" * 5000 + "[" * 50_000,
)
_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"
_NUMBERS = (-(1 << 63), -1, (1 << 63) - 1)


def _cells(database: Path) -> list[tuple[str, str, str, str, list[str]]]:
    """A cell of each kind: table, column, type, and where it is; found in the schema itself."""
    found: list[tuple[str, str, str, str, list[str]]] = []
    with closing(sqlite3.connect(database)) as connection:
        for (table,) in connection.execute(_TABLES).fetchall():
            columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
            kinds: list[str | None] = [None]
            if "kind" in {column[1] for column in columns}:
                distinct = connection.execute(f"SELECT DISTINCT kind FROM {table}")  # noqa: S608
                kinds = [row[0] for row in distinct]
            for kind in kinds:
                where = "TRUE" if kind is None else "kind = ?"
                values = [] if kind is None else [kind]
                row = connection.execute(
                    f"SELECT MIN(rowid) FROM {table} WHERE {where}",  # noqa: S608
                    values,
                ).fetchone()
                if row[0] is None:
                    continue
                place = f"rowid = {row[0]}"
                found += [
                    (table, column[1], column[2], place, values)
                    for column in columns
                    if not (kind is not None and column[1] == "kind")
                ]
    return found


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pristine")
    with node_opener(directory) as open_:
        node = open_()
        furnish(node)
        node.ask("POST", "/nodes/pve/lxc/100/status/start")
    return directory


def test_every_kind_of_record_is_in_the_node(pristine: Path) -> None:
    cells = _cells(pristine / "lab.db")
    assert {table for table, *_ in cells} >= {"guests", "volumes", "pools", "snapshots", "tasks"}
    assert {values[0] for *_, values in cells if values} >= {
        "access-user",
        "access-token",
        "access-group",
        "access-role",
        "access-rule",
        "cluster",
        "file",
        "firewall",
        "node",
    }


@pytest.mark.parametrize("number", range(len(_GARBAGE)))
def test_no_damaged_record_stops_the_node_or_a_list(
    pristine: Path, tmp_path: Path, number: int
) -> None:
    always = _failing(pristine, tmp_path)
    problems: list[str] = []
    for table, column, kind, place, values in _cells(pristine / "lab.db"):
        if kind == "INTEGER" and number >= len(_NUMBERS):
            continue
        value: object = _NUMBERS[number] if kind == "INTEGER" else _GARBAGE[number]
        directory = tmp_path / "lab"
        shutil.copytree(pristine, directory)
        sql = f"UPDATE {table} SET {column} = ? WHERE {place}"  # noqa: S608
        if _overwrite(directory, sql, value):
            what = f"{table}.{column} {values}"
            problems += [f"{what}: {problem}" for problem in _problems(directory, always)]
        shutil.rmtree(directory)
    assert problems == []


def test_no_damaged_file_of_a_task_stops_the_node_or_a_list(pristine: Path, tmp_path: Path) -> None:
    always = _failing(pristine, tmp_path)
    directory = tmp_path / "lab"
    for content in (b"", b"\xff\xfe\0", b"x\x1b[2J\n" * 1000, None):
        shutil.copytree(pristine, directory)
        for path in (directory / "tasks").iterdir():
            path.unlink()
            if content is None:
                path.mkdir()
            else:
                path.write_bytes(content)
        assert list(_problems(directory, always)) == []
        shutil.rmtree(directory)


def _overwrite(directory: Path, sql: str, value: object) -> bool:
    with closing(sqlite3.connect(directory / "lab.db")) as connection, connection:
        try:
            connection.execute(sql, (value,))
        except sqlite3.IntegrityError:  # a key that is taken
            return False
    return True


def _failing(pristine: Path, tmp_path: Path) -> frozenset[str]:
    """What answers 500 while nothing is damaged."""
    directory = tmp_path / "whole"
    shutil.copytree(pristine, directory)
    with node_opener(directory) as open_:
        found = contents(open_())
    return frozenset(path for path, (status, _) in found.items() if status >= 500)


_LISTS = (
    *("/cluster/resources", "/cluster/tasks", "/cluster/log", "/cluster/status", "/cluster/nextid"),
    *("/cluster/backup-info/not-backed-up", "/cluster/firewall/groups", "/nodes", "/nodes/pve/lxc"),
    *("/nodes/pve/tasks", "/nodes/pve/syslog", "/nodes/pve/journal", "/nodes/pve/storage"),
    *(f"/nodes/pve/storage/{name}/content" for name in ("local", "local-zfs", "local-dir")),
    *("/pools", "/access/users", "/access/groups", "/access/roles", "/access/acl"),
    *("/access/permissions", "/nodes/pve/lxc/101/snapshot", "/nodes/pve/lxc/101/config"),
)
_CLEAR = re.compile(r"damaged|does not exist|no such|no rule at")


def _problems(directory: Path, always: frozenset[str]) -> Iterator[str]:
    """What is wrong with a node on that directory, and after everything in it was destroyed."""
    with node_opener(directory) as open_:
        node = open_()
        yield from _broken(node, always)
        for row in node.ask("GET", "/nodes/pve/lxc").data:
            if 100 <= row["vmid"] < 10**9:
                path = f"/nodes/pve/lxc/{row['vmid']}"
                answer = node.ask("DELETE", path, force=1)
                if answer.status != 200 or node.wait(answer.data)["exitstatus"] != "OK":
                    yield f"{path} can't be destroyed: {answer.content}"
        for path, key in (("/access/users", "userid"), ("/access/groups", "groupid")):
            for row in node.ask("GET", path).data:
                if row[key] != "root@pam":
                    yield from _destroyed(node, f"{path}/{quote(row[key])}")
        for row in node.ask("GET", "/access/roles").data:
            if not row["special"]:
                yield from _destroyed(node, f"/access/roles/{quote(row['roleid'])}")
        for row in node.ask("GET", "/nodes/pve/storage/local/content", content="backup").data:
            yield from _destroyed(node, f"/nodes/pve/storage/local/content/{row['volid']}")


def _broken(node: LabNode, always: frozenset[str]) -> Iterator[str]:
    for path in _LISTS:
        answer = node.ask("GET", path)
        if answer.status != 200:
            yield f"{path}: {answer.status} {answer.reason}"
    for path, answer in answers(node).items():
        if answer.status >= 500 and path not in always and not _CLEAR.search(answer.reason):
            yield f"{path}: {answer.status} {answer.reason}"


def _destroyed(node: LabNode, path: str) -> Iterator[str]:
    if path.endswith("/"):  # an empty name, which no path can say
        return
    answer = node.ask("DELETE", path)
    if answer.status != 200:
        yield f"{path} can't be destroyed: {answer.reason}"


def test_a_damaged_guest_is_shown_and_says_what_is_wrong(
    open_node: OpenNode, tmp_path: Path
) -> None:
    open_node().create(hostname="web")
    _overwrite(tmp_path, "UPDATE guests SET config = ?", "memory: 99999999999999999999\n[x]\n")
    node = open_node()
    (row,) = node.ask("GET", "/nodes/pve/lxc").data
    assert (row["vmid"], row["status"], row["lock"]) == (100, "unknown", "damaged")
    answer = node.ask("GET", "/nodes/pve/lxc/100/config")
    assert answer.status == 500
    assert "CT 100 is damaged: unable to parse value of '[x]'" in answer.reason
    assert "can only be destroyed" in answer.reason
    assert node.ask("POST", "/nodes/pve/lxc/100/status/start").reason == answer.reason
    assert node.wait(node.ask("DELETE", "/nodes/pve/lxc/100").data)["exitstatus"] == "OK"
    assert node.ask("GET", "/nodes/pve/lxc").data == []


def test_a_damaged_snapshot_is_shown_and_keeps_the_volumes_that_it_may_name(
    open_node: OpenNode, tmp_path: Path
) -> None:
    node = open_node()
    node.create(mp0="local-zfs:1,mp=/data")
    node.wait(node.ask("POST", "/nodes/pve/lxc/100/snapshot", snapname="one").data)
    node.ask("PUT", "/nodes/pve/lxc/100/config", delete="mp0")
    _overwrite(tmp_path, "UPDATE snapshots SET config = ?", "garbage")
    node = open_node()
    shown = node.ask("GET", "/nodes/pve/lxc/100/snapshot").data[0]
    assert "damaged" in shown["description"]
    answer = node.ask("GET", "/nodes/pve/lxc/100/snapshot/one/config")
    assert "snapshot 'one' is damaged" in answer.reason
    assert {v.volid for v in node.context.state.volumes(100)} >= {"local-zfs:subvol-100-disk-1"}
    done = node.wait(node.ask("DELETE", "/nodes/pve/lxc/100/snapshot/one").data)
    assert done["exitstatus"] == "OK"


def test_a_backup_whose_configuration_is_hostile_is_not_restored(
    open_node: OpenNode, tmp_path: Path
) -> None:
    node = open_node()
    node.create()
    node.wait(node.ask("POST", "/nodes/pve/vzdump", vmid=100).data)
    with closing(sqlite3.connect(tmp_path / "lab.db")) as connection, connection:
        (text,) = connection.execute("SELECT value FROM documents WHERE kind = 'file'").fetchone()
        kept = json.loads(text)
        kept["config"] += "lxc.mount.entry: /etc etc none bind 0 0\n"
        connection.execute(
            "UPDATE documents SET value = ? WHERE kind = 'file'", (json.dumps(kept),)
        )
    volid = node.ask("GET", "/nodes/pve/storage/local/content", content="backup").data[0]["volid"]
    answer = node.ask("POST", "/nodes/pve/lxc", vmid=102, ostemplate=volid, restore=1)
    assert answer.status == 500
    assert "lxc.mount.entry" in answer.reason

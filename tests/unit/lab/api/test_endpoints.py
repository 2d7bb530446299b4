from __future__ import annotations

import pytest

TELMATE = [
    "Datastore.AllocateSpace",
    "Datastore.Audit",
    "Pool.Allocate",
    "Pool.Audit",
    "Sys.Audit",
    "Sys.Console",
    "Sys.Modify",
    "VM.Allocate",
    "VM.Audit",
    "VM.Clone",
    "VM.Config.CDROM",
    "VM.Config.Cloudinit",
    "VM.Config.CPU",
    "VM.Config.Disk",
    "VM.Config.HWType",
    "VM.Config.Memory",
    "VM.Config.Network",
    "VM.Config.Options",
    "VM.Migrate",
    "VM.PowerMgmt",
]


def test_login_and_what_telmates_provider_asks_first(node) -> None:
    answer = node.ask("POST", "/access/ticket", username="root@pam", password="correct horse")
    assert answer.data["username"] == "root@pam"
    assert answer.data["cap"]["vms"]["VM.Allocate"] == 1
    assert "NeedTFA" not in answer.data
    users = node.ask("GET", "/access/users", full=1).data
    assert [user["userid"] for user in users] == ["root@pam"]
    token = node.as_token()
    held = token.ask("GET", "/access/permissions", userid="root@pam", path="/").data["/"]
    assert set(TELMATE) <= set(held)


def test_a_wrong_password_is_401_and_a_realm_may_stand_apart(node) -> None:
    answer = node.ask("POST", "/access/ticket", username="root@pam", password="wrong")
    assert (answer.status, answer.reason) == (401, "authentication failure")
    apart = {"username": "root", "realm": "pam", "password": "correct horse"}
    assert node.ask("POST", "/access/ticket", **apart).status == 200


def test_a_token_can_not_make_tickets(node) -> None:
    answer = node.as_token().ask(
        "POST", "/access/ticket", username="root@pam", password="correct horse"
    )
    assert (answer.status, answer.reason) == (
        403,
        "URI '/access/ticket' not available with API token, need proper ticket.",
    )


def test_next_id_is_a_string(node) -> None:
    node.create(100)
    node.create(102)
    assert node.ask("GET", "/cluster/nextid").data == "101"
    assert node.ask("GET", "/cluster/nextid", vmid=150).data == "150"
    answer = node.ask("GET", "/cluster/nextid", vmid=100)
    assert (answer.status, answer.errors) == (400, {"vmid": "VM 100 already exists"})


def test_resources_of_every_kind(node) -> None:
    node.ask("POST", "/pools", poolid="media")
    node.create(hostname="web", pool="media", tags="b,a", start=1)
    (row,) = node.ask("GET", "/cluster/resources", type="vm").data
    assert row["id"] == "lxc/100"
    assert row["vmid"] == 100
    assert (row["name"], row["status"], row["pool"], row["tags"]) == (
        "web",
        "running",
        "media",
        "a;b",
    )
    assert row["template"] == 0
    kinds = [row["type"] for row in node.ask("GET", "/cluster/resources").data]
    assert kinds == ["lxc", "pool", "node", "storage", "storage", "storage"]
    assert node.ask("GET", "/cluster/resources", type="pig").status == 400


def test_there_is_no_high_availability(node) -> None:
    for sid in ("100", "ct:100"):
        answer = node.ask("GET", f"/cluster/ha/resources/{sid}")
        assert (answer.status, answer.reason) == (500, "no such resource 'ct:100'")


def test_the_exporters_questions(node) -> None:
    node.create(hostname="web")
    (status,) = node.ask("GET", "/cluster/status").data
    assert (status["type"], status["name"], status["local"]) == ("node", "pve", 1)
    assert node.ask("GET", "/cluster/backup-info/not-backed-up").data == [
        {"vmid": 100, "name": "web", "type": "lxc"}
    ]
    assert node.ask("GET", "/nodes/pve/subscription").data["status"] == "notfound"
    assert node.ask("GET", "/nodes/pve/qemu").data == []
    assert node.ask("GET", "/nodes/pve/replication").data == []


def test_the_network_shows_both_bridges(node) -> None:
    rows = node.ask("GET", "/nodes/pve/network", type="bridge").data
    assert [(row["iface"], row["cidr"]) for row in rows] == [
        ("vmbr0", "10.10.0.1/24"),
        ("vmbr1", "10.20.0.254/24"),
    ]
    assert node.ask("GET", "/nodes/pve/network/vmbr9").reason == "interface does not exist"


def test_storages_and_templates(node) -> None:
    names = [row["storage"] for row in node.ask("GET", "/storage").data]
    assert names == ["local", "local-zfs", "local-dir"]
    rows = node.ask("GET", "/nodes/pve/storage", content="rootdir").data
    assert [row["storage"] for row in rows] == ["local-zfs", "local-dir"]
    templates = node.ask("GET", "/nodes/pve/storage/local/content", content="vztmpl").data
    assert {row["format"] for row in templates} == {"tzst"}
    answer = node.ask("GET", "/nodes/pve/storage/nas/status")
    assert (answer.status, answer.reason) == (500, "storage 'nas' does not exist")


def test_tasks_are_listed_and_paged(node) -> None:
    first = node.create(100)
    node.create(101, net0="name=eth0,bridge=none", start=1)
    rows = node.ask("GET", "/nodes/pve/tasks")
    assert [row["id"] for row in rows.data] == ["101", "100"]
    assert rows.content["total"] == 2
    assert node.ask("GET", "/nodes/pve/tasks", source="active").data == []
    assert [row["id"] for row in node.ask("GET", "/nodes/pve/tasks", errors=1).data] == ["101"]
    for word, ids in (("ok", ["100"]), ("error", ["101"]), ("ok,error", ["101", "100"])):
        found = node.ask("GET", "/nodes/pve/tasks", statusfilter=word).data
        assert [row["id"] for row in found] == ids
    assert [row["id"] for row in node.ask("GET", "/nodes/pve/tasks", vmid=100).data] == ["100"]
    log = node.ask("GET", f"/nodes/pve/tasks/{first['upid']}/log", start=1, limit=1)
    assert log.data[0]["n"] == 2
    assert log.content["total"] == 3
    assert len(node.ask("GET", "/cluster/tasks").data) == 2


def test_the_user_of_a_token_is_shown_apart(node) -> None:
    status = node.as_token().create()
    assert "!homelab:" in status["upid"]
    assert (status["user"], status["tokenid"]) == ("root@pam", "homelab")


@pytest.mark.parametrize(
    ("upid", "text"),
    [
        ("nonsense", "unable to parse worker upid"),
        ("UPID:pve:000073B0:000235E3:6B05D090:vzcreate:100:root@pam:", "no such task"),
    ],
)
def test_unknown_tasks(node, upid, text) -> None:
    answer = node.ask("GET", f"/nodes/pve/tasks/{upid}/status")
    assert (answer.status, answer.errors) == (400, {"upid": text})


def test_pools_in_both_forms_of_url(node) -> None:
    assert node.ask("POST", "/pools", poolid="media", comment="films").data is None
    assert node.ask("POST", "/pools", poolid="media").reason.endswith("'media' already exists")
    node.create(100)
    node.create(101)
    assert node.ask("PUT", "/pools/media", vms="100", comment="more").data is None
    assert node.ask("PUT", "/pools", poolid="media", vms="101", storage="local").data is None
    pool = node.ask("GET", "/pools/media").data
    assert pool["comment"] == "more"
    assert [member["id"] for member in pool["members"]] == [
        "lxc/100",
        "lxc/101",
        "storage/pve/local",
    ]
    (same,) = node.ask("GET", "/pools", poolid="media").data
    assert same["members"] == pool["members"]
    assert node.ask("DELETE", "/pools/media").reason.endswith("'media' is not empty")
    node.ask("PUT", "/pools/media", vms="100,101", storage="local", delete=1)
    assert node.ask("DELETE", "/pools", poolid="media").data is None
    assert node.ask("GET", "/pools/media").reason == "pool 'media' does not exist"


def test_a_guest_is_in_one_pool(node) -> None:
    node.ask("POST", "/pools", poolid="a")
    node.ask("POST", "/pools", poolid="b")
    node.create(100, pool="a")
    answer = node.ask("PUT", "/pools/b", vms="100")
    assert "belongs already to pool 'a' and 'allow-move' is not set" in answer.reason
    assert node.ask("PUT", "/pools/b", **{"vms": "100", "allow-move": 1}).status == 200
    assert node.ask("GET", "/pools/a").data["members"] == []
    assert node.ask("PUT", "/pools/a", vms="999").status == 500
    assert node.ask("PUT", "/pools/a", vms="x").status == 400
    assert node.ask("PUT", "/pools/a", vms="100", delete=1).status == 500
    assert node.ask("PUT", "/pools/a", storage="nas").status == 500
    assert node.ask("PUT", "/pools/a", storage="local", delete=1).status == 500


def test_a_failed_change_of_a_pool_changes_nothing(node) -> None:
    node.ask("POST", "/pools", poolid="a", comment="old")
    node.create(100)
    assert node.ask("PUT", "/pools/a", comment="new", vms="100,999").status == 500
    assert node.ask("GET", "/pools/a").data == {"comment": "old", "members": []}


def test_the_space_of_a_storage_is_its_own(node) -> None:
    node.create(rootfs="local-zfs:2", mp0="local-dir:1,mp=/data")
    used = {row["storage"]: row["used"] for row in node.ask("GET", "/nodes/pve/storage").data}
    assert (used["local-zfs"], used["local-dir"]) == (2 << 30, 1 << 30)

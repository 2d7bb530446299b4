"""Ways to other people's guests, data and rights: each is tried, and leads nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lab_node import TEMPLATE, LabNode
from rights import ANN, WORD, Grant, content, hold_all_but, hold_only

from homelab.lab.api.dispatch import Request
from homelab.lab.node.storages import STORAGES
from homelab.lab.state import accounts
from homelab.lab.state.accounts import Role
from homelab.pve.guest_config import GuestConfig
from homelab.pve.guest_privileges import option_privilege

HERS, HIS = 101, 100
HIS_ROOT = "local-zfs:subvol-100-disk-0"
CONTENT = "/nodes/pve/storage/local/content"
_VM_ADMIN = (
    *("VM.Allocate", "VM.Audit", "VM.Backup", "VM.Clone", "VM.Config.Disk", "VM.Config.Options"),
    *("VM.Config.Network", "VM.Config.Memory", "VM.Config.CPU", "VM.Snapshot", "VM.PowerMgmt"),
)
ON_HERS = (
    Grant(f"/vms/{HERS}", _VM_ADMIN),
    Grant("/storage/local-zfs", ("Datastore.AllocateSpace",)),
    Grant("/storage/local", ("Datastore.AllocateSpace",)),
    Grant("/sdn/zones/localnetwork/vmbr0", ("SDN.Use",)),
)
"""A guest of her own, and what it takes to change it."""


@pytest.fixture
def ann(node: LabNode) -> LabNode:
    """Asks as Ann, who has a guest of her own; the other one is not hers."""
    node.create(HIS, net0="name=eth0,bridge=vmbr0")
    node.create(HERS)
    assert node.ask("POST", "/access/users", userid=ANN, password=WORD).status == 200
    hold_only(node, ON_HERS)
    return node.log_in(ANN, WORD)


def _backup(node: LabNode, vmid: int, **options: object) -> str:
    before = {row["volid"] for row in node.ask("GET", CONTENT, content="backup").data}
    task = node.ask("POST", "/nodes/pve/vzdump", vmid=vmid, **options).data
    assert node.wait(task)["exitstatus"] == "OK"
    rows = node.ask("GET", CONTENT, content="backup").data
    return str(({row["volid"] for row in rows} - before).pop())


def _token(who: LabNode, name: str, **options: object) -> LabNode:
    made = who.ask("POST", f"/access/users/{ANN}/token/{name}", **options).data
    return who.with_token(made["full-tokenid"], made["value"])


@pytest.mark.parametrize(
    "options",
    [
        {"unused0": HIS_ROOT},
        {"unused3": f"volume={HIS_ROOT}"},
        {"mp0": f"{HIS_ROOT},mp=/x"},
        {"rootfs": HIS_ROOT},
        {"mp0": f"volume={HIS_ROOT},mp=/x,size=1G"},
    ],
)
@pytest.mark.parametrize("who", ["ann", "root"])
@pytest.mark.parametrize("start", [0, 1])
def test_no_option_names_the_volume_of_another_guest(node, ann, options, who, start) -> None:
    """Root has the right to all of them; a volume still belongs to one guest."""
    if start:
        node.wait(node.ask("POST", f"/nodes/pve/lxc/{HERS}/status/start").data)
    before = content(node)
    asker = ann if who == "ann" else node
    answer = asker.ask("PUT", f"/nodes/pve/lxc/{HERS}/config", **options)
    assert answer.status == (403 if who == "ann" else 500)
    assert content(node) == before
    assert HIS_ROOT in node.runtime.volumes.all()


@pytest.mark.parametrize("option", ["rootfs", "mp0", "unused0"])
def test_a_new_guest_takes_no_volume_that_is_there(node, ann, option) -> None:
    hold_all_but(node, [Grant(f"/vms/{HIS}", _VM_ADMIN)])
    values: dict[str, object] = {"rootfs": "local-zfs:1", option: f"{HIS_ROOT},mp=/x"}
    if option != "mp0":
        values[option] = HIS_ROOT
    answer = ann.ask("POST", "/nodes/pve/lxc", vmid=300, ostemplate=TEMPLATE, **values)
    if answer.status == 200:  # an unused volume is ignored, as PVE does
        assert node.wait(answer.data)["exitstatus"] == "OK"
        assert HIS_ROOT not in str(node.config(300))
        node.wait(node.ask("DELETE", "/nodes/pve/lxc/300", purge=1).data)
    assert HIS_ROOT in node.runtime.volumes.all()
    assert [v.volid for v in node.context.state.volumes(HIS)] == [HIS_ROOT]


def test_a_guest_that_is_destroyed_takes_its_own_volumes_with_it_alone(node, ann) -> None:
    """Whatever its configuration has come to say."""
    record = node.context.guest(HERS)
    planted = GuestConfig(
        options={**record.config.options, "mp5": f"{HIS_ROOT},mp=/x,size=4G", "unused5": HIS_ROOT}
    )
    with node.context.state.transaction() as transaction:
        transaction.put_config(HERS, planted)
    task = ann.ask("DELETE", f"/nodes/pve/lxc/{HERS}", **{"destroy-unreferenced-disks": 1}).data
    assert node.wait(task)["exitstatus"] == "OK"
    assert list(node.runtime.volumes.all()) == [HIS_ROOT]


def test_a_disk_that_is_not_the_guests_does_not_grow(node, ann) -> None:
    record = node.context.guest(HERS)
    planted = {**record.config.options, "mp5": f"{HIS_ROOT},mp=/x,size=4G"}
    with node.context.state.transaction() as transaction:
        transaction.put_config(HERS, GuestConfig(options=planted))
    answer = ann.ask("PUT", f"/nodes/pve/lxc/{HERS}/resize", disk="mp5", size="+1G")
    assert answer.reason == f"volume '{HIS_ROOT}' does not exist"


def test_a_restore_replaces_no_guest_of_others(node, ann) -> None:
    hers = _backup(node, HERS)
    node.ask("POST", "/pools", poolid="hers")
    hold_only(node, [*ON_HERS, Grant("/pool/hers", ("VM.Allocate", "VM.Backup"))])
    before = content(node)
    for more in ({}, {"pool": "hers"}):
        answer = ann.ask(
            "POST", "/nodes/pve/lxc", vmid=HIS, ostemplate=hers, restore=1, force=1, **more
        )
        assert answer.status == 403
    assert content(node) == before


def test_who_may_back_a_guest_up_may_put_it_back_and_no_more(node, ann) -> None:
    volid = _backup(node, HIS)
    node.ask("POST", "/pools", poolid="his")
    node.ask("PUT", "/pools/his", vms=HIS)
    node.ask("POST", f"/nodes/pve/lxc/{HIS}/firewall/rules", type="in", action="DROP")
    hold_only(node, [Grant(f"/vms/{HIS}", ("VM.Backup",)), *ON_HERS[1:]])
    values: dict[str, Any] = {"vmid": HIS, "ostemplate": volid, "restore": 1, "force": 1}
    for more in ({"memory": 4096}, {"unprivileged": 0}, {"pool": "his"}):
        assert ann.ask("POST", "/nodes/pve/lxc", **values, **more).status == 403, more
    assert node.wait(ann.ask("POST", "/nodes/pve/lxc", **values).data)["exitstatus"] == "OK"
    (pool,) = node.ask("GET", "/pools", poolid="his").data
    assert [member["vmid"] for member in pool["members"]] == [HIS]
    assert len(node.ask("GET", f"/nodes/pve/lxc/{HIS}/firewall/rules").data) == 1


def test_a_backup_that_may_not_be_read_is_not_restored(node, ann) -> None:
    volid = _backup(node, HIS)
    answer = ann.ask("POST", "/nodes/pve/lxc", vmid=HERS, ostemplate=volid, restore=1, force=1)
    assert answer.reason == f"Permission check failed (/vms/{HIS}, VM.Backup)"
    assert ann.ask("GET", "/nodes/pve/vzdump/extractconfig", volume=volid).status == 403


@pytest.mark.parametrize(
    ("changed", "kept", "why"),
    [
        ({"features": "fuse=1"}, (), "feature flags"),
        ({"unprivileged": 0}, (), "/, Sys.Modify"),
        ({}, ("/sdn/zones/localnetwork/vmbr0",), "SDN.Use"),
        ({}, ("/storage/local-zfs",), "Datastore.AllocateSpace"),
    ],
)
def test_a_restored_guest_is_one_that_could_be_made(node, ann, changed, kept, why) -> None:
    """What root gave to one guest comes to no other by way of a backup."""
    node.wait(node.ask("DELETE", f"/nodes/pve/lxc/{HIS}").data)
    node.create(HIS, net0="name=eth0,bridge=vmbr0", **changed)
    volid = _backup(node, HIS)
    grants = [*ON_HERS, Grant(f"/vms/{HIS}", ("VM.Backup",))]
    hold_only(node, [grant for grant in grants if grant.path not in kept])
    before = content(node)
    answer = ann.ask("POST", "/nodes/pve/lxc", vmid=HERS, ostemplate=volid, restore=1, force=1)
    assert (answer.status, why in answer.reason) == (403, True), answer.reason
    assert content(node) == before


@pytest.mark.parametrize(
    "written",
    ["0100", "+100", "\uff11\uff10\uff10", "\u0661\u0660\u0660", "%20100", "100%20", "100%0a"],
)
@pytest.mark.parametrize("who", ["ann", "root"])
def test_a_guest_has_one_spelling(node, ann, written, who) -> None:
    hold_all_but(node, [Grant(f"/vms/{HIS}", node.context.access.known)])
    asker = ann if who == "ann" else node
    before = content(node)
    for method, path, form in (
        ("GET", f"/nodes/pve/lxc/{written}/config", {}),
        ("PUT", f"/nodes/pve/lxc/{written}/config", {"memory": 600}),
        ("POST", f"/nodes/pve/lxc/{written}/status/start", {}),
        ("DELETE", f"/nodes/pve/lxc/{written}", {}),
        ("GET", f"/nodes/localhost/lxc/{written}/config", {}),
    ):
        assert asker.ask(method, path, **form).status == 400, path
    assert content(node) == before


@pytest.mark.parametrize("written", ["0100", "+100", "\uff11\uff10\uff10", " 100", "100\n"])
def test_lists_and_bodies_have_one_spelling_too(node, ann, written) -> None:
    node.ask("POST", "/pools", poolid="hers")
    hold_all_but(node, [Grant(f"/vms/{HIS}", node.context.access.known)])
    before = content(node)
    for method, path, form in (
        ("POST", "/nodes/pve/vzdump", {"vmid": written}),
        ("PUT", "/pools/hers", {"vms": written}),
        ("POST", "/nodes/pve/lxc", {"vmid": written, "ostemplate": TEMPLATE}),
        ("POST", f"/nodes/pve/lxc/{HERS}/clone", {"newid": written}),
    ):
        assert ann.ask(method, path, **form).status in {400, 403}, path
    assert content(node) == before


@pytest.mark.parametrize(
    "path",
    [
        "/access/users/root@pam%20",
        "/access/users/%20root@pam/token/x",
        "/access/groups/ops%0a",
        "/access/roles/Look%20",
        "/nodes/pve/storage/local%20/content",
        "/nodes/pve/storage/local/content/local:backup/../x",
        "/nodes/pve/storage/local/content/local:backup%2f%2e%2e%2fx",
        f"/nodes/pve/lxc/{HERS}/snapshot/%20one/config",
        "/nodes/pve%20/lxc",
        "/pools/a%20b",
    ],
)
def test_other_names_have_one_spelling(node, ann, path) -> None:
    """A key is what it is, and there is none of another spelling; what is more is refused."""
    assert node.ask("GET", path).status in {400, 404, 500}


def test_localhost_is_the_node_that_answers(node, ann) -> None:
    hold_all_but(node, [Grant("/nodes/pve", ("Sys.Audit",))])
    assert ann.ask("GET", "/nodes/localhost/status").status == 403


def test_a_token_handles_no_tokens(node, ann) -> None:
    token = _token(ann, "ci")
    before = content(node)
    path = f"/access/users/{ANN}/token"
    for method, name, form in (
        ("POST", "more", {"privsep": 0}),
        ("PUT", "ci", {"privsep": 0}),
        ("PUT", "ci", {"regenerate": 1}),
        ("DELETE", "ci", {}),
        ("GET", "ci", {}),
    ):
        assert token.ask(method, f"{path}/{name}", **form).status == 403
    assert token.ask("GET", path).status == 403
    assert content(node) == before
    assert ann.ask("PUT", f"{path}/ci", privsep=0).data["privsep"] == 0


def test_the_right_on_users_is_none_on_root(node, ann) -> None:
    hold_all_but(node, ())
    before = content(node)
    for method, path, form in (
        ("POST", "/access/users/root@pam/token/mine", {"privsep": 0}),
        ("PUT", "/access/users/root@pam/token/homelab", {"regenerate": 1}),
        ("PUT", "/access/users/root@pam", {"enable": 0}),
        ("DELETE", "/access/users/root@pam", {}),
        (
            *("PUT", "/access/password"),
            {"userid": "root@pam", "password": "taken over", "confirmation-password": WORD},
        ),
    ):
        assert ann.ask(method, path, **form).status == 403, path
    assert content(node) == before


def test_a_password_is_changed_by_who_knows_the_old_one(node, ann) -> None:
    path, form = "/access/password", {"userid": ANN, "password": "another word"}
    assert ann.ask("PUT", path, **form).errors.keys() == {"confirmation-password"}
    assert ann.ask("PUT", path, **form, **{"confirmation-password": "guessed"}).status == 401
    assert ann.ask("PUT", path, **form, **{"confirmation-password": WORD}).status == 200
    assert node.log_in(ANN, "another word")


@pytest.mark.parametrize(
    ("path", "privs", "status"),
    [
        (f"/vms/{HERS}", "VM.Audit,VM.Allocate", 200),
        (f"/vms/{HERS}", "VM.Audit,VM.Console", 401),
        (f"/vms/{HIS}", "VM.Audit", 401),
        (f"/vms/0{HERS}", "VM.Audit", 401),
        ("/vms/101 ", "VM.Audit", 401),
        (f"/vms/{HERS}", ",", 401),
    ],
)
def test_who_asks_for_privileges_is_told_whether_they_are_held(
    node, ann, path, privs, status
) -> None:
    form = {"username": ANN, "password": WORD, "path": path, "privs": privs}
    answer = ann.ask("POST", "/access/ticket", **form)
    assert answer.status == status
    assert status != 200 or "ticket" not in answer.data


def test_a_tokens_comment_is_not_its_value(node, ann) -> None:
    token = _token(ann, "ci")
    assert ann.ask("PUT", f"/access/users/{ANN}/token/ci", comment="x").status == 200
    assert token.ask("GET", "/version").status == 200
    own = node.as_token()
    assert node.ask("PUT", "/access/users/root@pam/token/homelab", comment="x").status == 200
    assert own.ask("GET", "/version").status == 200


def test_the_labs_own_token_is_replaced_for_good(node) -> None:
    old, path = node.as_token(), "/access/users/root@pam/token/homelab"
    value = node.ask("PUT", path, regenerate=1).data["value"]
    assert old.ask("GET", "/version").status == 401
    assert node.ask("DELETE", path).status == 500
    assert old.ask("GET", "/version").status == 401
    assert node.with_token("root@pam!homelab", value).ask("GET", "/version").status == 200
    node.ask("PUT", path, expire=1)
    assert node.with_token("root@pam!homelab", value).ask("GET", "/version").status == 401


@pytest.mark.parametrize(
    ("path", "allocates", "roles"),
    [
        ("/pool/hers", "Pool.Allocate", ("Administrator", "PVEAdmin", "NoAccess", "PVEPoolAdmin")),
        (f"/vms/{HERS}", "VM.Allocate", ("Administrator", "PVEVMAdmin", "NoAccess")),
        ("/storage/local", "Datastore.Allocate", ("Administrator", "PVEDatastoreAdmin")),
    ],
)
def test_nobody_hands_out_more_than_it_holds(node, ann, path, allocates, roles) -> None:
    node.ask("POST", "/access/roles", roleid="Just", privs=allocates)
    node.ask("POST", "/pools", poolid="hers")
    hold_only(node, [Grant(path, (allocates,))])
    before = content(node)
    form = {"path": path, "users": ANN}
    for role in roles:
        for more in ({}, {"propagate": 0}, {"delete": 1}):
            answer = ann.ask("PUT", "/access/acl", **form, roles=role, **more)
            assert answer.errors.keys() == {"role"}, (role, more)
    answer = ann.ask("PUT", "/access/acl", **form, roles="Just")
    assert "with propagation" in answer.errors["role"]
    assert content(node) == before
    assert ann.ask("PUT", "/access/acl", **form, roles="Just", propagate=0).status == 200


@pytest.mark.parametrize("path", ["/vms", "/storage", "/pool", "/", "/vms/100", "//vms//100/"])
def test_what_is_above_an_object_is_not_the_objects(node, ann, path) -> None:
    hold_only(node, [*ON_HERS, Grant("/vms", ("VM.Allocate",))])
    answer = ann.ask("PUT", "/access/acl", path=path, roles="PVEAuditor", users=ANN)
    assert answer.status == 403


@pytest.mark.parametrize(
    "path", ["/vms/0100", "/vms/+100", "/vms/ 100", "/nowhere", "vms/1\xe9", ""]
)
def test_rules_stand_where_pve_has_paths(node, ann, path) -> None:
    answer = node.ask("PUT", "/access/acl", path=path, roles="PVEAuditor", users=ANN)
    assert (answer.status, answer.errors) == (400, {"path": f"invalid ACL path '{path}'"})


def test_a_pool_takes_and_gives_up_what_the_caller_has_a_right_to(node, ann) -> None:
    for poolid in ("hers", "his"):
        node.ask("POST", "/pools", poolid=poolid)
    node.ask("PUT", "/pools/his", vms=HERS)
    hold_only(node, [*ON_HERS, Grant("/pool/hers", ("Pool.Allocate", "Pool.Audit"))])
    before = content(node)
    for form in ({"vms": HIS}, {"storage": "local"}, {"vms": HERS, "allow-move": 1}):
        assert ann.ask("PUT", "/pools/hers", **form).status == 403, form
    assert content(node) == before
    node.ask("PUT", "/pools/his", vms=HERS, delete=1)
    assert ann.ask("PUT", "/pools/hers", vms=HERS).status == 200
    node.ask("PUT", "/pools/hers", vms=HIS)
    assert ann.ask("PUT", "/pools/hers", vms=HIS, delete=1).status == 403


def test_a_pool_shows_itself_to_who_may_see_it(node, ann) -> None:
    node.ask("POST", "/pools", poolid="his")
    node.ask("PUT", "/pools/his", vms=HERS)
    assert ann.ask("GET", "/pools").data == []
    assert ann.ask("GET", "/pools", poolid="his").status == 403
    assert ann.ask("GET", "/pools/his").status == 403
    (row,) = ann.ask("GET", "/cluster/resources", type="vm").data
    assert "pool" not in row
    (row,) = [r for r in node.ask("GET", "/cluster/resources", type="vm").data if "pool" in r]
    assert row["vmid"] == HERS


def test_room_on_a_storage_is_no_right_to_what_is_there(node, ann) -> None:
    his, hers = _backup(node, HIS), _backup(node, HERS)
    shown = {row["volid"] for row in ann.ask("GET", CONTENT).data}
    assert (his in shown, hers in shown) == (False, True)
    volumes = ann.ask("GET", "/nodes/pve/storage/local-zfs/content").data
    assert HIS_ROOT not in {row["volid"] for row in volumes}
    before = content(node)
    for method, form in (("GET", {}), ("PUT", {"protected": 1}), ("PUT", {"notes": "x"})):
        assert ann.ask(method, f"{CONTENT}/{his}", **form).status == 403
    assert ann.ask("DELETE", f"{CONTENT}/{his}").status == 403
    assert ann.ask("DELETE", f"{CONTENT}/{TEMPLATE}").status == 403
    assert ann.ask("GET", f"/nodes/pve/storage/local-zfs/content/{HIS_ROOT}").status == 403
    assert content(node) == before
    assert node.wait(ann.ask("DELETE", f"{CONTENT}/{hers}").data)["exitstatus"] == "OK"


def test_a_storage_that_may_not_be_seen_is_in_no_list(node, ann) -> None:
    hold_only(node, [Grant("/storage/local", ("Datastore.Audit",))])
    for path in ("/storage", "/nodes/pve/storage"):
        assert [row["storage"] for row in ann.ask("GET", path).data] == ["local"]
    assert len(node.ask("GET", "/storage").data) == len(STORAGES)


def test_backups_are_of_guests_that_one_may_back_up(node, ann) -> None:
    hers = _backup(node, HERS)
    node.ask("POST", "/pools", poolid="all")
    node.ask("PUT", "/pools/all", vms=f"{HIS},{HERS}")
    before = content(node)
    for form in (
        *({"vmid": HIS}, {"vmid": f"{HERS},{HIS}"}, {"pool": "all"}, {"vmid": HERS, "stop": 1}),
        *({"vmid": HERS, "prune-backups": "keep-last=1"}, {"vmid": HERS, "bwlimit": 1}),
        {"vmid": HERS, "fleecing": "enabled=1,storage=local-dir"},
    ):
        assert ann.ask("POST", "/nodes/pve/vzdump", **form).status == 403, form
    assert ann.ask("POST", "/nodes/pve/vzdump", vmid=HERS, **{"job-id": "x"}).status == 400
    assert content(node) == before
    assert node.wait(ann.ask("POST", "/nodes/pve/vzdump", all=1).data)["exitstatus"] == "OK"
    made = {row["vmid"] for row in node.ask("GET", CONTENT, content="backup").data}
    assert made == {HERS}
    assert hers in {row["volid"] for row in node.ask("GET", CONTENT, content="backup").data}


def test_tasks_are_their_users(node, ann) -> None:
    his = node.ask("POST", f"/nodes/pve/lxc/{HIS}/status/start").data
    token = _token(ann, "ci", privsep=0)
    hers = ann.ask("POST", f"/nodes/pve/lxc/{HERS}/status/start").data
    node.wait(hers)
    tokens = token.ask("POST", f"/nodes/pve/lxc/{HERS}/status/stop").data
    for upid in (his, hers, tokens):
        node.wait(upid)
    for asker, seen in ((ann, {hers, tokens}), (token, {tokens})):
        for path in ("/nodes/pve/tasks", "/cluster/tasks"):
            assert {row["upid"] for row in asker.ask("GET", path).data} == seen
        lines = asker.ask("GET", "/cluster/log").data
        assert {row["msg"].removeprefix("starting task ") for row in lines} == seen
        for upid in (his, hers, tokens):
            for part in ("", "/status", "/log"):
                answer = asker.ask("GET", f"/nodes/pve/tasks/{upid}{part}")
                assert answer.status == (200 if upid in seen else 403)


def test_figures_and_names_are_for_who_may_audit(node, ann) -> None:
    (row,) = ann.ask("GET", "/nodes").data
    assert "maxmem" not in row
    assert ann.ask("GET", "/cluster/status").status == 403
    assert ann.ask("GET", "/cluster/backup-info/not-backed-up").status == 403
    hold_only(node, [Grant("/", ("Sys.Audit",)), Grant(f"/vms/{HERS}", ("VM.Audit",))])
    rows = ann.ask("GET", "/cluster/backup-info/not-backed-up").data
    assert [row["vmid"] for row in rows] == [HERS]
    assert [row["iface"] for row in ann.ask("GET", "/nodes/pve/network").data] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api2/json/pools"),
        ("PUT", "/api2/json/access/password"),
        ("POST", "/api2/json/nodes/pve/storage/local/download-url"),
        ("POST", "/api2/extjs/pools"),
        ("POST", "/lab/faults"),
        ("POST", "/api2/json/nowhere"),
    ],
)
def test_a_file_skips_no_csrf_token_but_that_of_uploads(node, tmp_path: Path, method, path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    before = content(node)
    cookie = {"PVEAuthCookie": node.headers["Authorization"].partition("=")[2]}
    answer = node.raw(
        Request(method=method, path=path, cookies=cookie, body=b"poolid=evil", upload=file)
    )
    status = answer.content.get("status", answer.status)
    assert status == 506
    assert content(node) == before


def test_a_new_guest_does_not_get_the_rules_of_an_old_one(node, ann) -> None:
    node.ask("PUT", "/access/acl", path=f"/vms/{HERS}", users=ANN, roles="PVEVMAdmin")
    assert ann.ask("GET", f"/nodes/pve/lxc/{HERS}/config").status == 200
    node.wait(node.ask("DELETE", f"/nodes/pve/lxc/{HERS}").data)
    node.create(HERS)
    assert ann.ask("GET", f"/nodes/pve/lxc/{HERS}/config").status == 403
    node.ask("POST", "/pools", poolid="p")
    node.ask("PUT", "/access/acl", path="/pool/p", users=ANN, roles="PVEAuditor")
    node.ask("DELETE", "/pools/p")
    assert node.ask("GET", "/access/acl").data == [
        rule for rule in node.ask("GET", "/access/acl").data if rule["path"] != "/pool/p"
    ]


def test_what_a_user_takes_from_groups_it_has_a_right_to(node, ann) -> None:
    for name in ("hers", "his"):
        node.ask("POST", "/access/groups", groupid=name)
    bob = "/access/users/bob@pve"
    node.ask("POST", "/access/users", userid="bob@pve", groups="hers,his")
    hold_only(node, [Grant("/access/groups/hers", ("User.Modify",))])
    before = content(node)
    for form in ({"groups": "hers"}, {"groups": "his"}, {"comment": "x"}, {"groups": ""}):
        assert ann.ask("PUT", bob, **form).status == 403, form
    assert ann.ask("DELETE", bob).status == 403
    assert content(node) == before
    assert ann.ask("PUT", bob, groups="hers", append=1, comment="x").status == 200
    assert {row["userid"] for row in ann.ask("GET", "/access/users").data} == {"ann@pve", "bob@pve"}


def test_a_pools_rights_end_at_its_members(node, ann) -> None:
    """And a token has what it has there only where its user has it, and no further than that."""
    access = node.context.access
    node.ask("POST", "/pools", poolid="p")
    node.ask("PUT", "/pools/p", vms=HERS)
    hold_only(node, ())
    with access.change() as transaction:
        accounts.put(transaction, "Just", Role(privs=("VM.Audit", "VM.Allocate")))
    node.ask("PUT", "/access/acl", path="/pool/p", users=ANN, roles="Just")
    assert dict(access.privileges(ANN, f"/vms/{HERS}")) == {"VM.Audit": False, "VM.Allocate": False}
    token = _token(ann, "ci")
    node.ask("PUT", "/access/acl", path="/pool/p", tokens=f"{ANN}!ci", roles="PVEAuditor")
    assert dict(access.privileges(f"{ANN}!ci", f"/vms/{HERS}")) == {"VM.Audit": False}
    assert token.ask("GET", f"/nodes/pve/lxc/{HERS}/config").status == 200


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("cores", 2),
        ("memory", 600),
        ("hostname", "web"),
        ("nameserver", "10.0.0.1"),
        ("net0", "name=eth0,bridge=vmbr0"),
        ("mp0", "local-zfs:1,mp=/x"),
        ("description", "x"),
        ("features", "nesting=1"),
        ("onboot", 1),
    ],
)
def test_each_option_needs_the_privilege_of_its_kind(node, ann, option, value) -> None:
    needed = option_privilege(option)
    hold_all_but(node, [Grant(f"/vms/{HERS}", (needed,))])
    path = f"/nodes/pve/lxc/{HERS}/config"
    before = content(node)
    for form in ({option: value}, {"delete": option}, {"revert": option}):
        answer = ann.ask("PUT", path, **form)
        assert answer.reason == f"Permission check failed (/vms/{HERS}, {needed})"
    assert content(node) == before
    hold_all_but(node, ())
    assert ann.ask("PUT", path, **{option: value}).status == 200


def test_a_bridge_that_may_not_be_used_is_not_left_either(node, ann) -> None:
    node.ask("PUT", f"/nodes/pve/lxc/{HERS}/config", net0="name=eth0,bridge=vmbr1,tag=5")
    path = f"/nodes/pve/lxc/{HERS}/config"
    for form in ({"net0": "name=eth0,bridge=vmbr0"}, {"delete": "net0"}):
        assert ann.ask("PUT", path, **form).status == 403, form
    barred = Grant("/sdn/zones/localnetwork/vmbr0/5", ("SDN.Use",))
    hold_all_but(node, [barred])
    for tag in ("5", "05", "0005"):
        answer = ann.ask("PUT", path, net1=f"name=eth1,bridge=vmbr0,tag={tag}")
        assert answer.status in {400, 403}
    hold_all_but(node, [Grant("/sdn/zones/localnetwork/vmbr0", ("SDN.Use",))])
    answer = ann.ask("PUT", path, net1="name=eth1,bridge=vmbr0,tag=5,trunks=2-9")
    assert answer.status == 403

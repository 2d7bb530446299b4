"""The life of a container resource against a node that answers from a table."""

from __future__ import annotations

from typing import Any

import pytest
from provider_fakes import CONFIG, UPID, FakeApi, missing
from tf.iface import CreateContext, DeleteContext, ImportContext, ReadContext, UpdateContext
from tf.utils import Diagnostics

from homelab.errors import ApiError, ConfigurationError, HomelabError, TaskError
from homelab.provider.layouts import LXC
from homelab.provider.lxc import Lxc, parse_id
from homelab.provider.lxc_state import read_state
from homelab.provider.node import Node

CONFIG_PATH = "GET nodes/pve/lxc/201/config"
STATUS_PATH = "GET nodes/pve/lxc/201/status/current"
PLANNED = {
    **LXC.empty(),
    "vmid": 201,
    "hostname": "plex",
    "target_node": "pve",
    "unprivileged": True,
}


class Provider:
    def __init__(self, **answers: Any) -> None:
        self.api = FakeApi(answers)
        self.node = Node(self.api, parallel=4)


def lxc(answers: dict[str, Any]) -> tuple[Lxc, FakeApi]:
    provider = Provider(**answers)
    return Lxc(provider), provider.api


def context(kind: Any) -> Any:
    return kind(Diagnostics(), "proxmox_lxc")


def current() -> dict[str, Any]:
    state = read_state({}, CONFIG, node="pve", vmid=201, pool="media", imported=True)
    return {**state, "start": True}


def failed_create() -> TaskError:
    return TaskError(
        UPID, "command 'tar' failed: exit code 2", ["extracting archive", "tar: no space"]
    )


def test_create_takes_the_next_free_vmid_when_none_is_given() -> None:
    resource, api = lxc({"GET cluster/nextid": "201", CONFIG_PATH: CONFIG})
    state = resource.create(context(CreateContext), {**PLANNED, "vmid": None})
    assert state["vmid"] == 201
    assert api.asked[1][:2] == ("POST", "nodes/pve/lxc")
    assert api.asked[1][2]["vmid"] == 201


def test_a_failed_create_leaves_nothing_and_says_so() -> None:
    resource, api = lxc(
        {
            "POST nodes/pve/lxc": failed_create(),
            CONFIG_PATH: {"hostname": "plex"},
            STATUS_PATH: {"status": "stopped"},
        }
    )
    with pytest.raises(HomelabError) as caught:
        resource.create(context(CreateContext), PLANNED)
    assert "tar: no space" in str(caught.value)
    assert "201 that it left was removed" in str(caught.value)
    assert "DELETE nodes/pve/lxc/201" in api.calls()


def test_a_failed_create_does_not_touch_a_container_of_another_name() -> None:
    resource, api = lxc({"POST nodes/pve/lxc": failed_create(), CONFIG_PATH: {"hostname": "other"}})
    with pytest.raises(HomelabError):
        resource.create(context(CreateContext), PLANNED)
    assert "DELETE nodes/pve/lxc/201" not in api.calls()


def test_a_refused_create_deletes_nothing() -> None:
    reason = "unable to create CT 201 - CT 201 already exists on node 'pve'"
    refused = ApiError(500, reason, request="POST /nodes/pve/lxc")
    resource, api = lxc({"POST nodes/pve/lxc": refused, CONFIG_PATH: {"hostname": "plex"}})
    with pytest.raises(ApiError, match="already exists"):
        resource.create(context(CreateContext), PLANNED)
    assert api.calls() == ["POST nodes/pve/lxc"]


def test_a_container_that_is_gone_is_read_as_gone() -> None:
    resource, _ = lxc({"GET cluster/resources?type=vm": [], CONFIG_PATH: missing()})
    assert resource.read(context(ReadContext), current()) is None


def test_another_error_is_not_read_as_gone() -> None:
    broken = ApiError(500, "can't lock file", request="GET")
    resource, _ = lxc({"GET cluster/resources?type=vm": [], CONFIG_PATH: broken})
    with pytest.raises(ApiError):
        resource.read(context(ReadContext), current())


def test_reads_share_one_listing() -> None:
    guests = [{"vmid": 201, "node": "pve", "pool": "media"}]
    resource, api = lxc({"GET cluster/resources?type=vm": guests, CONFIG_PATH: CONFIG})
    for _ in range(3):
        assert resource.read(context(ReadContext), current()) == current()
    assert api.calls().count("GET cluster/resources?type=vm") == 1


def test_a_listing_that_lags_keeps_the_pool() -> None:
    resource, _ = lxc({"GET cluster/resources?type=vm": [], CONFIG_PATH: CONFIG})
    assert resource.read(context(ReadContext), current())["pool"] == "media"


def test_update_resizes_before_it_reconfigures_and_moves_pools() -> None:
    planned = {**current(), "cores": 4, "pool": "other"}
    planned["rootfs"] = [{**planned["rootfs"][0], "size": "16G"}]
    resource, api = lxc({CONFIG_PATH: CONFIG})
    resource.update(context(UpdateContext), current(), planned)
    assert api.asked[:4] == [
        ("PUT", "nodes/pve/lxc/201/resize", {"disk": "rootfs", "size": "16G"}),
        ("PUT", "nodes/pve/lxc/201/config", {"cores": 4}),
        ("PUT", "pools/media", {"vms": 201, "delete": 1}),
        ("PUT", "pools/other", {"vms": 201}),
    ]


def test_a_failed_update_reports_the_state_that_there_is() -> None:
    planned = {**current(), "cores": 4, "start": False}
    refused = ApiError(500, "can't lock file", request="PUT /nodes/pve/lxc/201/config")
    resource, _ = lxc({CONFIG_PATH: CONFIG, "PUT nodes/pve/lxc/201/config": refused})
    diagnostics = Diagnostics()
    state = resource.update(UpdateContext(diagnostics, "proxmox_lxc"), current(), planned)
    assert diagnostics.has_errors()
    assert (state["cores"], state["start"]) == (2, True)


def test_unprivileged_cannot_change_in_place() -> None:
    resource, api = lxc({})
    with pytest.raises(ConfigurationError, match="unprivileged"):
        resource.update(context(UpdateContext), current(), {**current(), "unprivileged": False})
    assert api.asked == []


def test_delete_stops_first_and_overrules_a_shutdown() -> None:
    resource, api = lxc(
        {
            CONFIG_PATH: CONFIG,
            STATUS_PATH: {"status": "running"},
            "GET version": {"version": "9.1.2"},
        }
    )
    resource.delete(context(DeleteContext), current())
    assert api.asked[-2:] == [
        ("POST", "nodes/pve/lxc/201/status/stop", {"overrule-shutdown": 1}),
        ("DELETE", "nodes/pve/lxc/201", {}),
    ]


def test_delete_of_what_stopped_by_itself_goes_on() -> None:
    stopped = ApiError(500, "CT 201 not running", request="POST")
    resource, api = lxc(
        {
            CONFIG_PATH: CONFIG,
            STATUS_PATH: {"status": "running"},
            "GET version": {"version": "9.1.2"},
            "POST nodes/pve/lxc/201/status/stop": stopped,
        }
    )
    resource.delete(context(DeleteContext), current())
    assert api.calls()[-1] == "DELETE nodes/pve/lxc/201"


def test_delete_of_what_is_gone_is_done() -> None:
    resource, api = lxc({CONFIG_PATH: missing()})
    resource.delete(context(DeleteContext), current())
    assert api.calls() == [CONFIG_PATH]


def test_a_protected_container_is_not_deleted() -> None:
    resource, _ = lxc({CONFIG_PATH: {**CONFIG, "protection": 1}})
    with pytest.raises(ConfigurationError, match="protected"):
        resource.delete(context(DeleteContext), current())


@pytest.mark.parametrize("identity", ["pve/lxc/201", "201"])
def test_import_reads_whether_it_runs(identity: str) -> None:
    guests = [{"vmid": 201, "node": "pve", "pool": "media"}]
    resource, _ = lxc(
        {
            "GET cluster/resources?type=vm": guests,
            CONFIG_PATH: CONFIG,
            STATUS_PATH: {"status": "running"},
        }
    )
    state = resource.import_(context(ImportContext), identity)
    assert state == current()


def test_import_of_nothing_is_an_error() -> None:
    resource, _ = lxc({"GET cluster/resources?type=vm": [], CONFIG_PATH: missing()})
    with pytest.raises(ConfigurationError, match="no container pve/lxc/201"):
        resource.import_(context(ImportContext), "pve/lxc/201")


@pytest.mark.parametrize("text", ["201", "pve/qemu/201", "pve/lxc/x", "a/b/c/d"])
def test_an_id_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="NODE/lxc/VMID"):
        parse_id(text)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"clone": "x"}, "clone is not offered"),
        ({"rootfs": [{"size": "8"}]}, "must end in T, G, M, or K"),
        ({"mountpoint": [{"size": "x G"}]}, "must end in T, G, M, or K"),
    ],
)
def test_validation(config: dict[str, Any], message: str) -> None:
    resource, _ = lxc({})
    diagnostics = Diagnostics()
    resource.validate(diagnostics, "proxmox_lxc", config)
    assert message in str(diagnostics)

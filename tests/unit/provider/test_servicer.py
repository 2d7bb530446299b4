"""The protocol: what Terraform gets back for plans, applies and errors."""

from __future__ import annotations

from typing import Any

from provider_fakes import CONFIG, FakeApi
from tf.gen import tfplugin_pb2 as pb
from tf.types import Unknown
from tf.utils import read_dynamic_value, to_dynamic_value

from homelab.errors import ApiError
from homelab.provider.application import ProxmoxProvider
from homelab.provider.layouts import LXC
from homelab.provider.node import Node
from homelab.provider.servicer import Servicer

CONFIG_PATH = "GET nodes/pve/lxc/201/config"
DECLARED = {**LXC.empty(), "vmid": 201, "hostname": "plex", "target_node": "pve"}


def servicer(answers: dict[str, Any]) -> Servicer:
    provider = ProxmoxProvider({})
    provider._node = Node(FakeApi(answers), parallel=4)
    return Servicer(provider)


def test_a_create_is_planned_with_unknowns_in_the_older_sdks_manner() -> None:
    request = pb.PlanResourceChange.Request(
        type_name="proxmox_lxc", proposed_new_state=to_dynamic_value(DECLARED)
    )
    response = servicer({}).PlanResourceChange(request, None)
    planned = read_dynamic_value(response.planned_state)
    assert planned["id"] is Unknown
    assert planned["memory"] == 512
    assert response.legacy_type_system


def test_an_apply_makes_unknowns_known() -> None:
    planned = {**DECLARED, "id": Unknown, "current_node": Unknown}
    request = pb.ApplyResourceChange.Request(
        type_name="proxmox_lxc", planned_state=to_dynamic_value(planned)
    )
    response = servicer({CONFIG_PATH: CONFIG}).ApplyResourceChange(request, None)
    assert not response.diagnostics
    state = read_dynamic_value(response.new_state)
    assert (state["id"], state["current_node"]) == ("pve/lxc/201", "pve")


def test_a_refused_create_leaves_no_state_and_shows_pves_text() -> None:
    reason = "unable to create CT 201 - CT 201 already exists on node 'pve'"
    answers = {"POST nodes/pve/lxc": ApiError(500, reason, request="POST /nodes/pve/lxc")}
    request = pb.ApplyResourceChange.Request(
        type_name="proxmox_lxc", planned_state=to_dynamic_value(DECLARED)
    )
    response = servicer(answers).ApplyResourceChange(request, None)
    (diagnostic,) = response.diagnostics
    assert diagnostic.summary == f"proxmox_lxc 201 (plex): {reason}"
    assert "POST /nodes/pve/lxc was answered with status 500" in diagnostic.detail
    assert read_dynamic_value(response.new_state) is None


def test_a_failed_delete_keeps_the_state() -> None:
    state = {**DECLARED, "id": "pve/lxc/201"}
    answers = {CONFIG_PATH: {**CONFIG, "protection": 1}}
    request = pb.ApplyResourceChange.Request(
        type_name="proxmox_lxc",
        prior_state=to_dynamic_value(state),
        planned_state=pb.DynamicValue(msgpack=b"\xc0"),
    )
    response = servicer(answers).ApplyResourceChange(request, None)
    assert "protected" in response.diagnostics[0].summary
    assert read_dynamic_value(response.new_state) == state


def test_a_failed_read_keeps_the_state() -> None:
    state = {**DECLARED, "id": "pve/lxc/201"}
    broken = ApiError(500, "can't lock file", request="GET")
    answers = {"GET cluster/resources?type=vm": [], CONFIG_PATH: broken}
    request = pb.ReadResource.Request(
        type_name="proxmox_lxc", current_state=to_dynamic_value(state)
    )
    response = servicer(answers).ReadResource(request, None)
    assert response.diagnostics
    assert read_dynamic_value(response.new_state) == state


def test_an_import_that_fails_says_why() -> None:
    request = pb.ImportResourceState.Request(type_name="proxmox_lxc", id="nonsense")
    response = servicer({}).ImportResourceState(request, None)
    assert "NODE/lxc/VMID" in response.diagnostics[0].detail
    assert not response.imported_resources

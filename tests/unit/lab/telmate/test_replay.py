"""All that Telmate's provider 3.0.2-rc07 was seen to send, section by section and in order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homelab.lab.api.evidence import ledger
from homelab.lab.api.router import Router
from homelab.lab.api.table import ENDPOINTS
from homelab.lab.node.faults import Fault

CREATE = "C: setup create"


def _named(steps, section: str) -> list[str]:
    return [name for name in steps if name.startswith(f"{section}: ")]


def test_the_recording_is_whole(steps) -> None:
    assert [len(_named(steps, section)) for section in "ABC"] == [7, 4, 22]
    assert sum(len(requests) for requests in steps.values()) == 393


def test_what_the_recording_drives_is_in_the_ledger_of_evidence(steps) -> None:
    router = Router(ENDPOINTS)
    recorded = {
        (found[0].method, found[0].path)
        for requests in steps.values()
        for request in requests
        if request.status == 200
        and (found := router.find(request.method, request.path.partition("?")[0]))
    }
    known = {key for key, clients in ledger().items() if "telmate (recorded)" in clients}
    assert known == recorded


def test_section_a_with_an_api_token(by_token, steps) -> None:
    for name in _named(steps, "A"):
        by_token.play(steps[name])
    assert by_token.node.ask("GET", "/cluster/resources", type="vm").data == []


def _without_what_pve_does_not_know(by_ticket, requests):
    """The provider writes `clone-storage`, which PVE's schema does not have, when it clones."""
    for request in requests:
        if "clone-storage" not in request.body:
            yield by_ticket.one(request)
            continue
        answer = by_ticket.send(request)
        assert (answer.status, answer.reason) == (400, "Parameter verification failed.")
        assert "not defined in schema" in answer.errors["clone-storage"]
        words = [w for w in request.body.split("&") if not w.startswith("clone-storage")]
        yield by_ticket.one(replace(request, body="&".join(words)))


def test_section_b_with_a_password(by_ticket, steps) -> None:
    for name in _named(steps, "B"):
        list(_without_what_pve_does_not_know(by_ticket, steps[name]))
    assert by_ticket.node.ask("GET", "/cluster/resources", type="vm").data == []
    assert by_ticket.node.ask("GET", "/pools").data == []


@pytest.fixture
def ci(node):
    """A user who may only look at containers, and has no right on /."""
    node.ask("POST", "/access/users", userid="ci@pve", password="only looks")
    node.ask("PUT", "/access/acl", path="/vms", users="ci@pve", roles="PVEVMUser")
    return node.log_in("ci@pve", "only looks")


def test_n1_permissions_that_lack_are_not_listed(by_token, ci, steps) -> None:
    for request in steps["C: N1 permissions lacking"]:
        by_token.one(request)
    held = ci.ask("GET", "/access/permissions", userid="ci@pve", path="/").data
    assert held == {"/": {}}


def test_n2_permissions_of_another_user_are_refused(by_token, ci, steps) -> None:
    _, *asked = steps["C: N2 permissions 403"]
    assert len(asked) == 3
    by_token.node = ci
    for request in asked:
        answer = by_token.send(request)
        assert (answer.status, answer.reason) == (request.status, request.reason)
        assert answer.content["data"] is None


def test_n3_a_user_without_rights_sees_only_himself(by_token, ci, steps) -> None:
    (request,) = steps["C: N3 user not listed"]
    by_token.node = ci
    assert [user["userid"] for user in by_token.one(request)] == ["ci@pve"]


def test_n3b_without_credentials_there_is_no_ticket(by_token, node, steps) -> None:
    by_token.node = replace(node, headers={})
    for request in steps["C: N3b 401"]:
        answer = by_token.send(request)
        assert (answer.status, answer.reason) == (401, "No ticket")
        assert answer.content["data"] is None


def test_n4_an_id_that_was_taken_meanwhile(by_token, node, steps) -> None:
    *before, create = steps["C: N4 create 500"]
    by_token.play(tuple(before))
    node.create(100)
    answer = by_token.send(create)
    assert (answer.status, answer.reason) == (create.status, create.reason)


def test_n5_a_name_that_is_none(by_token, steps) -> None:
    *before, create = steps["C: N5 create 400"]
    by_token.play(tuple(before))
    answer = by_token.send(replace(create, body=create.body.replace("=neg1", "=neg_1")))
    assert (answer.status, answer.reason) == (400, "Parameter verification failed.")
    assert answer.errors == {
        "hostname": "invalid format - value does not look like a valid DNS name"
    }


def test_n6_a_task_that_fails_says_why_in_its_exit_status(by_token, node, steps) -> None:
    text = "unable to create CT 100 - command 'tar' failed: exit code 2"
    node.context.faults.add(Fault(task="vzcreate", message=text, times=1))
    *before, create, poll = steps["C: N6 task fails"]
    by_token.play(tuple(before))
    by_token.one(create)
    node.wait(by_token.known["upid"])
    status = by_token.send(poll).data
    assert (status["status"], status["exitstatus"]) == ("stopped", text)
    assert node.ask("GET", "/cluster/resources", type="vm").data == []


def test_n7_an_ha_endpoint_that_is_not_there(by_token, node, steps) -> None:
    by_token.play(steps[CREATE])
    path = "/cluster/ha/resources/100"
    node.context.faults.add(Fault(path=path, status=501, message="Method not implemented", times=3))
    for request in steps["C: N7 HA endpoint 501 (not implemented)"]:
        if request.path != path:
            by_token.one(request)
            continue
        answer = by_token.send(request)
        assert (answer.status, answer.reason) == (501, "Method not implemented")
    assert by_token.send(request_of(steps, path)).status == 500


def request_of(steps, path: str):
    return next(sent for sent in steps[CREATE] if sent.path == path)


@pytest.mark.parametrize(
    "step",
    [
        "C: N7b HA says started",
        "C: N8 cpulimit as number",
        "C: N11 vmid as string in resources",
        "C: N12 unknown net key host-managed",
        "C: N12b cores as string",
        "C: N12c description drift + lxc array",
        "C: N13 nextid as JSON number",
    ],
)
def test_what_made_the_provider_fail_is_never_answered(by_token, steps, step: str) -> None:
    """The types and keys that were forced upon it; the lab answers with the right ones."""
    if "N13" not in step:
        by_token.play(steps[CREATE])
    by_token.play(steps[step], as_recorded=False)
    if "N13" in step:
        assert by_token.one(steps[step][-1]) == "100"


def test_n9_a_container_that_vanished(by_token, steps) -> None:
    by_token.play(steps[CREATE])
    by_token.play(steps["C: final destroy"])
    assert by_token.play(steps["C: N9 vanished container"])[-1] == []


def test_n10_protection_is_set_holds_and_is_taken_back(by_token, node, steps) -> None:
    by_token.play(steps[CREATE])
    by_token.play(steps["C: set protection"])
    by_token.play(steps["C: N10 destroy protected"])
    refused = node.ask("DELETE", "/nodes/pve/lxc/100")
    assert (refused.status, refused.reason) == (
        500,
        "can't remove CT 100 - protection mode enabled",
    )
    by_token.play(steps["C: unprotect"])
    by_token.play(steps["C: final destroy"])


def test_n14_a_container_that_runs_is_not_deleted(by_token, node, steps) -> None:
    by_token.play(steps[CREATE])
    *before, delete = steps["C: N14 delete returns 500"]
    by_token.play(tuple(before))
    node.wait(node.ask("POST", "/nodes/pve/lxc/100/status/start").data)
    answer = by_token.send(delete)
    assert (answer.status, answer.reason) == (delete.status, delete.reason)
    node.wait(node.ask("POST", "/nodes/pve/lxc/100/status/stop").data)
    by_token.play(steps["C: final destroy"])

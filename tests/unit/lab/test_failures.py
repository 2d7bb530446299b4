from __future__ import annotations

from homelab.lab.failures import ApiFailureError, forbidden, invalid, no_such_guest


def test_failures_are_answered_with_pves_status_and_words() -> None:
    wrong = invalid("vmid", "VM 100 already exists")
    assert (wrong.status, wrong.message) == (400, "Parameter verification failed.")
    assert wrong.errors == {"vmid": "VM 100 already exists"}
    denied = forbidden("/vms/100, VM.Audit")
    assert (denied.status, denied.message) == (
        403,
        "Permission check failed (/vms/100, VM.Audit)",
    )
    gone = no_such_guest("pve", 100)
    assert (gone.status, gone.message) == (
        500,
        "Configuration file 'nodes/pve/lxc/100.conf' does not exist",
    )


def test_parameters_of_a_failure_are_its_own() -> None:
    given = {"vmid": "wrong"}
    failure = ApiFailureError("no", errors=given)
    given.clear()
    assert failure.errors == {"vmid": "wrong"}

from __future__ import annotations

import pytest

from homelab.lab.access.tickets import Caller
from homelab.lab.api.endpoint import Call
from homelab.lab.api.rights import Privilege
from homelab.pve.schema import Parameter, verify


@pytest.mark.parametrize(
    ("privilege", "text"),
    [
        (Privilege("/vms/{vmid}", "VM.Audit"), "/vms/{vmid}, VM.Audit"),
        (Privilege("/", "Sys.Audit", ("Sys.Modify",)), "/, Sys.Audit|Sys.Modify"),
    ],
)
def test_a_privilege_is_named_as_pve_refuses_it(privilege: Privilege, text: str) -> None:
    assert str(privilege) == text


def test_a_call_knows_the_guest_of_its_path() -> None:
    args = verify({"vmid": "203"}, {"vmid": Parameter(type="integer", required=True)})
    assert Call(caller=Caller(user="root@pam"), args=args).vmid == 203

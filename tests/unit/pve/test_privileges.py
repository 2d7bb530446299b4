from __future__ import annotations

import pytest

from homelab.pve.privileges import PRIVILEGES, privileges, roles
from homelab.pve.release import DEFAULT_RELEASE, Release


def test_every_role_holds_privileges_of_its_release() -> None:
    for release in (DEFAULT_RELEASE, Release.parse("8")):
        known = set(privileges(release))
        for role, names in roles(release).items():
            assert set(names) <= known, role
        assert set(roles(release)["Administrator"]) == known
    assert privileges() == PRIVILEGES


def test_monitoring_became_the_guest_agents_rights_in_pve_9() -> None:
    eight, nine = set(privileges(Release.parse("8"))), set(privileges(Release.parse("9")))
    assert eight - nine == {"VM.Monitor"}
    assert {name.rpartition(".")[0] for name in nine - eight} == {"VM", "VM.GuestAgent"}


@pytest.mark.parametrize("release", ["8", "9"])
def test_the_administrator_may_everything_and_an_auditor_only_look(release: str) -> None:
    found = roles(Release.parse(release))
    assert set(found["Administrator"]) == set(privileges(Release.parse(release)))
    assert {name.rpartition(".")[2] for name in found["PVEAuditor"]} == {"Audit"}
    assert found["NoAccess"] == ()
    assert "Permissions.Modify" not in found["PVEAdmin"]

from __future__ import annotations

from typing import Any

import pytest

from homelab.operations.review.needs import needs_of
from homelab.policy.documents import subject_from_plan
from homelab.policy.synthetic_plan import sketch_plan
from homelab.pve.privileges import privileges
from homelab.pve.release import Release
from homelab.pve.telmate.privileges import Need


def _needs(plan: dict[str, Any], release: str = "9") -> tuple[Need, ...]:
    changes = subject_from_plan(plan).changes or ()
    return needs_of(
        changes, provider={"pm_minimum_permission_check": False}, release=Release.parse(release)
    )


@pytest.mark.parametrize("release", ["8", "9"])
def test_only_privileges_that_the_release_has_are_asked_for(
    release: str, declared: dict[str, Any]
) -> None:
    known = set(privileges(Release.parse(release)))

    for need in _needs(sketch_plan(declared), release):
        assert set(need.any_of) <= known


def test_a_change_of_memory_needs_little(declared: dict[str, Any]) -> None:
    after = {**declared, "containers": {**declared["containers"]}}
    after["containers"]["plex"] = {**after["containers"]["plex"], "memory": 1024}

    needs = _needs(sketch_plan(after, declared))

    places = ("/pool/media", "/vms/201")
    assert [(need.paths, need.any_of) for need in needs] == [
        (places, ("VM.Audit",)),
        (places, ("VM.Config.Memory",)),
    ]


def test_removing_a_protected_container_lifts_its_protection(declared: dict[str, Any]) -> None:
    after = {**declared, "containers": {**declared["containers"]}}
    del after["containers"]["vaultwarden"]

    names = {name for need in _needs(sketch_plan(after, declared)) for name in need.any_of}

    assert names == {"VM.Allocate", "VM.Audit", "VM.Config.Options", "VM.PowerMgmt"}

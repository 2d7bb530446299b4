from __future__ import annotations

from typing import Any

import pytest

from homelab.operations.review.needs import needs_of, root_only_lines
from homelab.operations.review.preflight import MissingPrivilegesError, effective, preflight
from homelab.policy.documents import subject_from_plan
from homelab.policy.synthetic_plan import sketch_plan
from homelab.pve.privileges import privileges
from homelab.pve.release import Release
from homelab.pve.telmate.privileges import Need
from homelab.pve.terraform_privileges import PRIVILEGES


def _needs(plan: dict[str, Any], release: str = "9") -> tuple[Need, ...]:
    changes = subject_from_plan(plan).changes or ()
    return needs_of(
        changes, provider={"pm_minimum_permission_check": False}, release=Release.parse(release)
    )


def test_the_provider_s_minimum_is_the_provider_s() -> None:
    needs = needs_of((), provider={})
    assert {name for need in needs for name in need.any_of} == set(PRIVILEGES)
    narrowed = needs_of((), provider={"pm_minimum_permission_list": ["VM.Audit"]})
    assert [need.any_of for need in narrowed] == [("VM.Audit",)]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/", {"a", "b"}),
        ("/vms", {"a"}),
        ("/vms/201", {"a"}),
        ("/pool/media", {"c", "d"}),
        ("/pool/media/sub", {"c"}),
    ],
)
def test_privileges_propagate_as_far_as_they_do(path: str, names: set[str]) -> None:
    held = {"/": {"a": 1, "b": 0}, "/pool/media": {"c": 1, "d": 0}}

    assert effective(held, path) == names


def test_what_is_missing_is_one_error(declared: dict[str, Any]) -> None:
    needs = _needs(sketch_plan(declared))

    found = preflight("homelab@pve", needs, (), {"/vms": {"VM.Allocate": 1}})

    assert not found.is_ok
    with pytest.raises(MissingPrivilegesError) as raised:
        found.raise_for_missing()
    assert "homelab@pve lacks what this plan needs" in str(raised.value)
    assert "on /storage/local-zfs: Datastore.AllocateSpace" in str(raised.value)
    assert "pveum" in str(raised.value)
    assert not any("VM.Allocate" in need.any_of for need in found.missing)


def test_root_lacks_nothing_and_its_token_some(declared: dict[str, Any]) -> None:
    after = {**declared, "containers": {**declared["containers"]}}
    after["containers"]["plex"] = {
        **after["containers"]["plex"],
        "features": {"nesting": True, "keyctl": True, "fuse": False},
    }
    changes = subject_from_plan(sketch_plan(after)).changes or ()
    lines = root_only_lines(changes)
    everything = {"/": dict.fromkeys(privileges(), 1)}

    root = preflight("root@pam", needs_of(changes), lines, {})
    token = preflight("root@pam!lab", needs_of(changes), lines, everything)

    assert [(line.item, line.attribute) for line in lines] == [("plex", "features.keyctl")]
    assert root.is_ok
    assert not token.missing
    with pytest.raises(MissingPrivilegesError, match="only allowed for root@pam"):
        token.raise_for_missing()

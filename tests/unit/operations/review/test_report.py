from __future__ import annotations

import pytest

from homelab.model.changes import Action, Change, action_of, item_of
from homelab.operations.review.report import PlanReport


@pytest.mark.parametrize(
    ("address", "item"),
    [
        ('module.container["plex"].proxmox_lxc.this', "plex"),
        ('proxmox_lxc.this["plex"]', "plex"),
        ('proxmox_pool.category["media"]', 'proxmox_pool.category["media"]'),
        ("proxmox_lxc.single", "proxmox_lxc.single"),
    ],
)
def test_item_is_the_container(address: str, item: str) -> None:
    assert item_of(address) == item


@pytest.mark.parametrize(
    ("actions", "importing", "action"),
    [
        (["create"], False, Action.CREATE),
        (["update"], False, Action.UPDATE),
        (["update"], True, Action.UPDATE),
        (["delete", "create"], False, Action.REPLACE),
        (["create", "delete"], False, Action.REPLACE),
        (["delete"], False, Action.DELETE),
        (["no-op"], True, Action.ADOPT),
        (["no-op"], False, None),
        (["read"], False, None),
    ],
)
def test_action(actions: list[str], *, importing: bool, action: Action | None) -> None:
    assert action_of(actions, importing=importing) == action


def _report(*changes: Change, not_checked: tuple[str, ...] = ()) -> PlanReport:
    return PlanReport(
        target="lab",
        runtime="memory",
        provider="offline",
        changes=changes,
        containers=28,
        not_checked=not_checked,
    )


def _change(name: str, action: Action) -> Change:
    address = f'module.container["{name}"].proxmox_lxc.this'
    return Change(address=address, type="proxmox_lxc", name=name, action=action)


def test_headline_counts_by_action() -> None:
    report = _report(_change("plex", Action.CREATE), _change("gitea", Action.DELETE))

    assert report.headline == "1 to create, 1 to delete"
    assert not report.is_empty


def test_empty_plan_says_so() -> None:
    assert _report().headline == "no changes; 28 containers are as declared"


def test_what_was_not_checked_is_in_every_form() -> None:
    report = _report(not_checked=("whether containers run",))

    assert "not checked: whether containers run" in report.lines()
    assert "not checked: whether containers run" in report.to_markdown()
    assert report.to_json()["not_checked"] == ["whether containers run"]

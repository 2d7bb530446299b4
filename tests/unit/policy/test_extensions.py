from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from homelab import policy
from homelab.errors import ConfigurationError
from homelab.policy import Observation, Rule, Severity, Subject, fails
from homelab.policy.extensions import all_rules, rule_named


def _little_swap(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        yield fails(guest.name, "no swap is liked", "containers", guest.name, "swap")


def _own(**more: Any) -> Rule:
    fields: dict[str, Any] = {
        "id": "ORG001",
        "slug": "no-swap",
        "severity": Severity.WARNING,
        "summary": "There is no swap.",
        "rationale": "It is slow.",
        "fix": "Set swap = 0.",
        "check": _little_swap,
    }
    return Rule(**{**fields, **more})


_FILE = """
from homelab.policy import Rule, Severity, fails

def check(subject):
    for guest in subject.guests:
        yield fails(guest.name, "no swap is liked", "containers", guest.name, "swap")

RULE = Rule(id={id!r}, slug="no-swap", severity=Severity.WARNING, summary="There is no swap.",
            rationale="It is slow.", fix="Set swap = 0.", check=check)
"""


def test_a_rule_in_the_project_s_folder(tmp_path: Path, tree: Path) -> None:
    folder = tmp_path / "policy"
    folder.mkdir()
    (folder / "swap.py").write_text(_FILE.format(id="ORG001"))

    rules = all_rules(tmp_path)
    report = policy.evaluate_tree(tree, rules=rules)

    assert rule_named(rules, "org001").slug == "no-swap"
    assert len([f for f in report.warnings if f.rule.id == "ORG001"]) == 28


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_FILE.format(id="HL999"), "HL is taken"),
        (_FILE.format(id="ORG1"), "must be capitals and digits"),
        ("RULE = 1", "is no Rule"),
        ("x = 1", "neither RULE nor RULES"),
        ("def", "can't be loaded"),
    ],
)
def test_what_is_no_rule_is_one_clear_error(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "swap.py").write_text(text)

    with pytest.raises(ConfigurationError, match=said):
        all_rules(tmp_path)


def test_a_rule_of_an_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        name = "org"

        def load(self) -> tuple[Rule, ...]:
            return (_own(), _own(id="ORG002", slug="other"))

    monkeypatch.setattr("homelab.policy.extensions.entry_points", lambda **_: [Entry()])

    assert [rule.id for rule in all_rules()][-2:] == ["ORG001", "ORG002"]


def test_an_id_is_used_once(tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    for name in ("a", "b"):
        (tmp_path / "policy" / f"{name}.py").write_text(_FILE.format(id="ORG001"))

    with pytest.raises(ConfigurationError, match="the name of another rule"):
        all_rules(tmp_path)

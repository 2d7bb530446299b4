"""Waivers, own rules, what is printed, and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import homelab
from homelab import policy
from homelab.cli.app import run
from homelab.errors import ConfigurationError
from homelab.model import Topology
from homelab.policy import Observation, Rule, Severity, Subject, Verdict, Waiver, fails
from homelab.policy.extensions import all_rules, rule_named
from homelab.policy.formats import to_github, to_json, to_junit, to_lines, to_sarif
from homelab.policy.synthetic_plan import sketch_plan

TODAY = date(2025, 6, 1)


def _waiver(rule: str = "HL201", item: str = "jellyfin", expires: date = TODAY) -> Waiver:
    return Waiver(rule=rule, item=item, reason="until it is rebuilt", expires=expires)


@pytest.fixture
def wrong(tree: Path, edit: Callable[[str, str, str], None]) -> Path:
    """A tree with one privileged container."""
    old = "vmid         = 202"
    edit("containers/media-stack.tf", old, f"{old}\n      unprivileged = false")
    return tree


@pytest.mark.parametrize("waiver", [_waiver(), _waiver("unprivileged"), _waiver(item="*")])
def test_a_waiver_accepts_until_its_day(waiver: Waiver, wrong: Path) -> None:
    report = policy.evaluate_tree(wrong, waivers=(waiver,), today=TODAY)

    assert report.is_ok
    assert [finding.item for finding in report.waived] == ["jellyfin"]
    assert report.verdicts["HL201"] is Verdict.PASS
    report.raise_for_violations()


def test_an_expired_waiver_is_a_finding_and_accepts_nothing(wrong: Path) -> None:
    old = _waiver(expires=date(2025, 5, 31))

    report = policy.evaluate_tree(wrong, waivers=(old,), today=TODAY)

    assert {finding.rule.id for finding in report.violations} == {"HL201", "HL901"}


def test_a_waiver_that_matches_nothing_is_a_finding(tree: Path) -> None:
    report = policy.evaluate_tree(tree, waivers=(_waiver(), _waiver("HL403")), today=TODAY)

    # HL403 judges plans, so that nothing can be said about its waiver here.
    assert [(f.rule.id, f.message) for f in report.warnings] == [
        ("HL902", "the waiver of HL201 matches nothing")
    ]


def test_the_facade(topology: Topology) -> None:
    report = homelab.policy.evaluate(sketch_plan(topology), topology)

    assert report.is_ok
    assert homelab.policy.evaluate(None, topology).is_ok
    with pytest.raises(ValueError, match="neither"):
        homelab.policy.evaluate(None)


def test_terminal(wrong: Path) -> None:
    lines = to_lines(policy.evaluate_tree(wrong))

    assert "error   HL201 unprivileged: A container is unprivileged." in lines
    place = "terraform/containers/media-stack.tf:26: jellyfin: it is privileged"
    assert any(line.strip() == place for line in lines)
    assert any("fix: Set unprivileged = true" in line for line in lines)
    assert lines[-1].startswith("policy: 47 rules: 1 violation")


def test_github(wrong: Path) -> None:
    [line] = to_github(policy.evaluate_tree(wrong))

    head = "::error file=terraform/containers/media-stack.tf,line=26,title=HL201 unprivileged::"
    assert line.startswith(head)
    assert "%0AFix: " in line
    assert "\n" not in line


def test_sarif(wrong: Path) -> None:
    data = to_sarif(policy.evaluate_tree(wrong, waivers=(_waiver(),), today=TODAY))

    [one] = data["runs"]
    rules = one["tool"]["driver"]["rules"]
    failed = [result for result in one["results"] if result["kind"] == "fail"]
    assert [result["ruleId"] for result in failed] == ["HL201"]
    assert rules[failed[0]["ruleIndex"]]["id"] == "HL201"
    place = failed[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "terraform/containers/media-stack.tf"
    assert place["region"]["startLine"] == 26
    assert failed[0]["suppressions"] == [
        {"kind": "external", "justification": "until it is rebuilt"}
    ]
    opened = [result for result in one["results"] if result["kind"] == "open"]
    assert {result["level"] for result in opened} == {"none"}
    json.dumps(data)


def test_junit(wrong: Path) -> None:
    root = ET.fromstring(to_junit(policy.evaluate_tree(wrong)))  # noqa: S314  (ours)

    suite = root[0]
    assert (suite.get("tests"), suite.get("failures")) == ("47", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "media-stack.tf:26" in (failure.text or "")
    assert "fix: " in (failure.text or "")


def test_json(wrong: Path) -> None:
    data = to_json(policy.evaluate_tree(wrong))

    failed = [finding for finding in data["findings"] if finding["verdict"] == "fail"]
    assert data["ok"] is False
    assert [(f["rule"], f["file"], f["line"]) for f in failed] == [
        ("HL201", "terraform/containers/media-stack.tf", 26)
    ]
    json.dumps(data)


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


@pytest.fixture
def project(wrong: Path) -> Path:
    (wrong.parent / "homelab.toml").write_text('default_target = "lab"\n')
    return wrong.parent


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_command_prints_each_form_and_ends_with_1(
    form: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["policy", "--project", str(project), "--format", form])

    assert code == 1
    said = capsys.readouterr().out
    assert "HL201" in said
    assert "media-stack.tf" in said


def test_command_asks_one_rule(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "--project", str(project), "--rule", "HL101"]) == 0
    assert "1 rules: all pass" in capsys.readouterr().out


def test_command_explains_and_lists(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "--project", str(project), "--explain", "unprivileged"]) == 0
    assert "why: Root in a privileged container" in capsys.readouterr().out
    assert run(["policy", "--project", str(project), "--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(policy.RULES)
    assert run(["policy", "--project", str(project), "--explain", "HL000"]) == 1
    assert "there is no rule 'HL000'" in capsys.readouterr().err


def test_command_judges_a_plan(
    project: Path, document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    after = {**document, "containers": dict(document["containers"])}
    del after["containers"]["vaultwarden"]
    path = project / "plan.json"
    path.write_text(json.dumps(sketch_plan(after, document)))
    words = ["policy", "--project", str(project), "--plan", str(path)]

    assert run(words) == 1
    assert "HL403" in capsys.readouterr().out
    assert run([*words, "--allow-delete", "vaultwarden"]) == 0
    path.write_text("{}")
    assert run(words) == 1
    assert "holds no plan" in capsys.readouterr().err


def test_waivers_of_the_settings_have_their_line(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "homelab.toml").write_text(
        'default_target = "lab"\n\n[[policy.waivers]]\nrule = "HL201"\nitem = "jellyfin"\n'
        'reason = "it is rebuilt soon"\nexpires = 2020-01-01\n'
    )

    assert run(["policy", "--project", str(project)]) == 1
    assert "homelab.toml:3: jellyfin: the waiver of HL201 expired" in capsys.readouterr().out


@pytest.mark.parametrize("off", [False, "false"])
def test_protection_that_a_variable_turns_off_is_missing_where_data_may_not_go(
    topology: Topology, off: object
) -> None:
    plan = sketch_plan(topology)
    plan["variables"] = {"protect": {"value": off}}
    for resource in plan["resource_changes"]:
        resource["change"]["after"]["protection"] = False

    lab = policy.evaluate(plan, may_lose=None)
    real = policy.evaluate(plan, may_lose=())

    assert "HL401" not in {finding.rule.id for finding in lab.violations}
    found = [finding for finding in real.violations if finding.rule.id == "HL401"]
    assert "nextcloud" in {finding.item for finding in found}
    assert all("variable protect" in finding.message for finding in found)

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

from homelab import policy
from homelab.policy import Waiver
from homelab.policy.formats import to_github, to_json, to_junit, to_lines, to_sarif


def test_terminal(wrong: Path) -> None:
    lines = to_lines(policy.evaluate_tree(wrong))

    assert "error   HL201 unprivileged: A container is unprivileged." in lines
    place = "terraform/containers/media-stack.tf:26: jellyfin: it is privileged"
    assert any(line.strip() == place for line in lines)
    assert any("fix: Set unprivileged = true" in line for line in lines)
    assert lines[-1].startswith("policy: 47 rules: 1 violation")


def test_json(wrong: Path) -> None:
    data = to_json(policy.evaluate_tree(wrong))

    failed = [finding for finding in data["findings"] if finding["verdict"] == "fail"]
    assert data["ok"] is False
    assert [(f["rule"], f["file"], f["line"]) for f in failed] == [
        ("HL201", "terraform/containers/media-stack.tf", 26)
    ]
    json.dumps(data)


def test_github(wrong: Path) -> None:
    [line] = to_github(policy.evaluate_tree(wrong))

    head = "::error file=terraform/containers/media-stack.tf,line=26,title=HL201 unprivileged::"
    assert line.startswith(head)
    assert "%0AFix: " in line
    assert "\n" not in line


def test_junit(wrong: Path) -> None:
    root = ET.fromstring(to_junit(policy.evaluate_tree(wrong)))  # noqa: S314  (ours)

    suite = root[0]
    assert (suite.get("tests"), suite.get("failures")) == ("47", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "media-stack.tf:26" in (failure.text or "")
    assert "fix: " in (failure.text or "")


TODAY = date(2025, 6, 1)


def _waiver(rule: str = "HL201", item: str = "jellyfin", expires: date = TODAY) -> Waiver:
    return Waiver(rule=rule, item=item, reason="until it is rebuilt", expires=expires)


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

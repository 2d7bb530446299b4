from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from homelab import policy
from homelab.policy import Waiver
from homelab.policy.formats import to_sarif

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

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from homelab import policy
from homelab.policy.formats import to_junit


def test_junit(wrong: Path) -> None:
    root = ET.fromstring(to_junit(policy.evaluate_tree(wrong)))  # noqa: S314  (ours)

    suite = root[0]
    assert (suite.get("tests"), suite.get("failures")) == ("47", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "media-stack.tf:26" in (failure.text or "")
    assert "fix: " in (failure.text or "")

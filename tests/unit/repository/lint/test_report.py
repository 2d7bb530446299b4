from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from homelab.repository.lint.finding import Finding
from homelab.repository.lint.report import FindingsError, ScanReport, ToolResult
from homelab.repository.lint.scan import OFFLINE

_FINDING = Finding(rule="r", message="m <&> \x00", path="a.py", line=2)


def _report() -> ScanReport:
    return ScanReport(
        results=(
            ToolResult(tool="ruff", looks_at="Python", findings=(_FINDING,)),
            ToolResult(tool="yamllint", looks_at="YAML"),
            ToolResult(tool="pip-audit", looks_at="packages", not_checked=OFFLINE),
        )
    )


def test_report_is_an_error_that_lists_everything() -> None:
    with pytest.raises(FindingsError, match=r"1 finding:\n  ruff: a.py:2: m"):
        _report().raise_for_findings()


def test_sarif_has_a_run_for_each_tool_that_was_asked() -> None:
    runs = _report().to_sarif()["runs"]

    assert [run["tool"]["driver"]["name"] for run in runs] == ["ruff", "yamllint"]
    place = runs[0]["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 2}}


def test_junit_tells_failed_from_not_checked() -> None:
    root = ET.fromstring(_report().to_junit())  # noqa: S314  (ours)

    assert [(suite.get("failures"), suite.get("skipped")) for suite in root] == [
        ("1", "0"),
        ("0", "0"),
        ("0", "1"),
    ]

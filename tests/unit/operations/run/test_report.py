from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from homelab.operations.run.events import Stage, State
from homelab.operations.run.report import ImageOrigin, ItemResult, OperationReport, StageResult


def _report(detail: str = "connection refused", error: str | None = "1 failed") -> OperationReport:
    return OperationReport(
        operation="deploy",
        target="lab",
        runtime="lxc",
        provider="offline",
        started="2026-01-01T00:00:00+00:00",
        seconds=12.3456,
        error=error,
        stages=(
            StageResult(stage=Stage.PLAN, state=State.UNCHANGED, seconds=1.0),
            StageResult(stage=Stage.VALIDATE, state=State.FAILED, seconds=2.0, detail="1 of 2"),
            StageResult(stage=Stage.CONFIGURE, state=State.NOT_RUN, detail="no containers"),
        ),
        items=(
            ItemResult(stage=Stage.VALIDATE, item="plex", state=State.DONE),
            ItemResult(stage=Stage.VALIDATE, item="sonarr", state=State.FAILED, detail=detail),
        ),
        images=(
            ImageOrigin(image="plex:1", origin="stand-in"),
            ImageOrigin(image="prometheus:3", origin="debian:prometheus 2.53"),
        ),
        notices=(),
    )


def test_json_says_what_was_a_stand_in() -> None:
    data = json.loads(json.dumps(_report().to_json()))

    assert data["ok"] is False
    assert data["seconds"] == 12.346
    assert [image["stand_in"] for image in data["images"]] == [True, False]


def test_junit_has_a_suite_for_each_stage_and_a_case_for_each_container() -> None:
    root = ET.fromstring(_report().to_junit())  # noqa: S314  (ours)

    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {"plan", "validate", "configure"}
    assert [case.get("name") for case in suites["plan"]] == ["plan"]
    assert [case.get("name") for case in suites["validate"]] == ["plex", "sonarr", "validate"]
    assert suites["validate"].get("failures") == "2"
    assert suites["configure"].get("skipped") == "1"


@given(st.text())
def test_junit_is_valid_xml_whatever_a_failure_says(detail: str) -> None:
    encoded = _report(detail).to_junit().encode("utf-8", "surrogatepass")

    try:
        encoded.decode("utf-8")
    except UnicodeDecodeError:
        raise AssertionError(f"not UTF-8 for {detail!r}") from None
    ET.fromstring(encoded)  # noqa: S314  (ours)


def test_not_run_is_not_failed() -> None:
    stages = (StageResult(stage=Stage.VALIDATE, state=State.NOT_RUN, detail="memory runtime"),)
    report = OperationReport(
        operation="deploy",
        target="lab",
        runtime="memory",
        provider=None,
        started="",
        seconds=1.0,
        error=None,
        stages=stages,
        items=(),
        images=(),
        notices=(),
    )

    assert report.is_ok
    assert report.to_json()["stages"][0]["state"] == "not run"

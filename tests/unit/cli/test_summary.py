from __future__ import annotations

from dataclasses import replace

import pytest

from homelab.cli.summary import summary_lines
from homelab.operations.run.events import Stage, State
from homelab.operations.run.report import ImageOrigin, ItemResult, OperationReport, StageResult

_REPORT = OperationReport(
    operation="deploy",
    target="lab",
    runtime="lxc",
    provider="offline",
    started="2026-01-02T03:04:05+00:00",
    seconds=61.25,
    error=None,
    stages=(
        StageResult(stage=Stage.APPLY, state=State.DONE, seconds=12.5, detail="2 added"),
        StageResult(stage=Stage.VALIDATE, state=State.NOT_RUN, detail="nothing runs"),
    ),
    items=(
        ItemResult(stage=Stage.APPLY, item="plex", state=State.DONE),
        ItemResult(stage=Stage.VALIDATE, item="plex", state=State.DONE),
        ItemResult(stage=Stage.VALIDATE, item="loki", state=State.FAILED),
    ),
    images=(
        ImageOrigin(image="prom/prometheus:v3", origin="debian:prometheus 2.53"),
        ImageOrigin(image="plex:1", origin="stand-in"),
    ),
    notices=("limits are not enforced",),
)


def test_stages_and_what_was_real_are_told() -> None:
    assert summary_lines(_REPORT) == (
        "",
        "deploy of lab took 61.2 s",
        "  apply        12.5 s  done      2 added",
        "  validate             not run   nothing runs",
        "  real: 1 LXC containers with systemd, Docker and a healthy service",
        (
            "  images: 1 real programs, 1 stand-ins that answer the health endpoint only "
            "('homelab lab images' lists them)"
        ),
        "  provider: offline",
        "  note: limits are not enforced",
        "  written: build/deploy.json, build/deploy.xml",
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"runtime": "memory"}, "nothing ran behind it (runtime memory)"),
        ({"runtime": None}, None),
        ({"items": ()}, None),
    ],
)
def test_nothing_is_called_real_that_was_not(changes, said: str | None) -> None:
    lines = "\n".join(summary_lines(replace(_REPORT, **changes)))
    assert "LXC containers" not in lines
    assert said is None or said in lines

"""Which lab a plan is made against, and as whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homelab import settings
from homelab.cli import pipeline
from homelab.errors import CapabilityError
from homelab.operations.target.lab_options import LabOptions
from homelab.settings import Environment, Settings


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    (tmp_path / "homelab.toml").write_text(
        '[targets.production]\nkind = "proxmox"\n', encoding="utf-8"
    )
    return settings.load(tmp_path, environment=Environment(lab_state=tmp_path / "lab"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Why root was asked for."""
    found: list[str] = []
    monkeypatch.setattr(pipeline, "require_root", found.append)
    monkeypatch.setattr(pipeline, "is_root", lambda: False)
    monkeypatch.setattr(pipeline, "belongs_to_root", lambda _: True)
    return found


def test_plan_goes_on_as_root_where_the_lab_is_root_s(project: Settings, asked: list[str]) -> None:
    pipeline._plans_against_the_same_lab(project, None, LabOptions())

    assert asked == ["the lab on this machine is root's; planning against it"]


@pytest.mark.parametrize(("target", "options"), [("production", {}), (None, {"runtime": "memory"})])
def test_plan_stays_as_it_is_where_root_s_lab_is_not_meant(
    target: str | None, options: dict[str, Any], project: Settings, asked: list[str]
) -> None:
    pipeline._plans_against_the_same_lab(project, target, LabOptions(**options))

    assert asked == []


def test_plan_needs_no_sudo_where_no_lab_was_named(
    project: Settings,
    asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(why: str) -> None:
        raise CapabilityError(f"{why} needs root, and sudo is not installed")

    monkeypatch.setattr(pipeline, "require_root", refuse)

    pipeline._plans_against_the_same_lab(project, None, LabOptions())

    assert (
        "sudo is not installed; what is deployed there is not compared" in capsys.readouterr().err
    )
    (project.project / "lab").mkdir()
    (project.project / "lab" / "lab.json").touch()
    with pytest.raises(CapabilityError):
        pipeline._plans_against_the_same_lab(project, None, LabOptions())

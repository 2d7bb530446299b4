from __future__ import annotations

import json
from pathlib import Path

import pytest

from homelab.errors import CapabilityError, ConfigurationError
from homelab.repository.lint import reading
from homelab.repository.lint import scan as scan_module
from homelab.repository.lint.scan import OFFLINE, UNREACHABLE, scan
from homelab.repository.lint.tools import Tool
from homelab.settings import Settings, load


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "homelab.toml").touch()
    return load(tmp_path)


def test_unknown_tool_is_named(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="no such tool: rouff"):
        scan(settings, only=("rouff",))


def test_what_needs_the_network_is_not_asked_by_itself(settings: Settings) -> None:
    report = scan(settings, only=("pip-audit",))

    assert [result.not_checked for result in report.results] == [OFFLINE]
    assert json.loads((settings.project / "build/lint.sarif").read_text())["runs"] == []


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes a program of this project's own the only tool."""

    def make(script: str, **more: object) -> None:
        program = tmp_path / "tool"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        made = Tool(
            name="tool",
            looks_at="everything",
            argv=(str(program),),
            **{"read": reading.terraform_fmt, **more},
        )
        monkeypatch.setattr(scan_module, "TOOLS", (made,))

    return make


def test_findings_have_paths_in_the_project_and_are_written_down(settings: Settings, tool) -> None:
    tool(f"echo {settings.project}/main.tf; exit 1")
    told: list[str] = []
    report = scan(settings, tell=told.append)
    (result,) = report.results
    assert [finding.path for finding in result.findings] == ["main.tf"]
    assert told[0].startswith("tool: 1 finding")
    assert "main.tf" in (settings.project / "build/lint.sarif").read_text()
    assert "main.tf" in (settings.project / "build/lint.junit.xml").read_text()


@pytest.mark.parametrize("script", ["exit 1", "echo main.tf; exit 3", "kill -9 $$"])
def test_a_tool_that_fails_is_a_finding(settings: Settings, tool, script: str) -> None:
    tool(script)
    (finding,) = scan(settings).results[0].findings
    assert finding.rule == "tool-failed"


def test_a_service_that_is_out_of_reach_is_no_finding(settings: Settings, tool) -> None:
    tool("echo Max retries exceeded >&2; exit 1", needs_network=True)
    assert scan(settings, online=True).results[0].not_checked == UNREACHABLE


def test_a_tool_that_is_missing_is_an_error_unless_it_is_optional(settings: Settings, tool) -> None:
    tool("exit 0")
    (settings.project / "tool").unlink()
    with pytest.raises(CapabilityError, match="is not installed"):
        scan(settings)
    tool("exit 0", optional=True)
    (settings.project / "tool").unlink()
    assert "is not installed" in str(scan(settings).results[0].not_checked)

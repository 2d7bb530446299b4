"""Runs the tools side by side and writes one report."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from homelab.clients.terraform.binary import find_terraform
from homelab.errors import CapabilityError, ConfigurationError
from homelab.escaping import json_text
from homelab.process import Completed, environment, find_program, run
from homelab.repository.lint.finding import Finding
from homelab.repository.lint.reading import UnreadableError
from homelab.repository.lint.report import ScanReport, ToolResult
from homelab.repository.lint.tools import TOOLS, Tool
from homelab.settings import Settings, cache_directory

OFFLINE = "it asks a service in the network; --online does"
UNREACHABLE = "its service is not reachable"

_NO_NETWORK = re.compile(
    r"ConnectionError|ProxyError|Max retries exceeded|Name or service not known"
    r"|Temporary failure in name resolution|Could not connect|timed out",
    re.IGNORECASE,
)


def scan(
    settings: Settings,
    *,
    only: Sequence[str] = (),
    online: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> ScanReport:
    """Ask every tool (or those in `only`) about the project.

    Writes build/lint.sarif and build/lint.junit.xml. `online` lets tools ask services in the
    network; what could not be asked is reported as not checked. `tell` hears of each tool's end.

    Raises:
        ConfigurationError: `only` names a tool that is not in the table.
        CapabilityError: a tool is not installed.
    """
    names = {tool.name for tool in TOOLS}
    if unknown := sorted(set(only) - names):
        raise ConfigurationError(
            f"no such tool: {', '.join(unknown)}", hint=f"choose from: {', '.join(sorted(names))}"
        )
    chosen = [tool for tool in TOOLS if not only or tool.name in only]
    path = _search_path(settings)

    def ask(tool: Tool) -> ToolResult:
        result = _ask(tool, settings.project, path, online=online)
        tell(f"{tool.name}: {result.headline} in {result.seconds:.1f} s")
        return result

    with ThreadPoolExecutor(max(2, os.cpu_count() or 2), thread_name_prefix="scan") as pool:
        # The slow ones first, so that they are not left over at the end.
        slow = {"ansible-lint", "kingfisher"}
        slow_first = sorted(chosen, key=lambda tool: tool.name not in slow)
        running = {tool.name: pool.submit(ask, tool) for tool in slow_first}
        report = ScanReport(results=tuple(running[tool.name].result() for tool in chosen))
    build = settings.project / "build"
    build.mkdir(parents=True, exist_ok=True)
    sarif = json_text(report.to_sarif()) + "\n"
    (build / "lint.sarif").write_text(sarif, encoding="utf-8")
    (build / "lint.junit.xml").write_text(report.to_junit(), encoding="utf-8")
    return report


def _ask(tool: Tool, project: Path, path: str, *, online: bool) -> ToolResult:
    def not_checked(why: str) -> ToolResult:
        return ToolResult(tool=tool.name, looks_at=tool.looks_at, not_checked=why)

    if tool.needs_network and not online:
        return not_checked(OFFLINE)
    program = find_program(tool.argv[0], path=path)
    if program is None and tool.optional:
        return not_checked(f"{tool.argv[0]} is not installed")
    if program is None:
        raise CapabilityError(
            f"the tool {tool.argv[0]} is not installed",
            hint="'nox -s lint' installs all tools into its environment",
        )
    begin = time.monotonic()
    done = run(
        (program, *tool.command(online=online)[1:]),
        cwd=project / tool.directory,
        env={"PATH": path, "NO_COLOR": "1", **tool.env},
        expected=range(-64, 256),
    )
    try:
        findings = _findings(tool, done, project)
    except UnreadableError as error:
        if online and _NO_NETWORK.search(done.stderr):
            return not_checked(UNREACHABLE)
        findings = (Finding(rule="tool-failed", message=error.message),)
    return ToolResult(
        tool=tool.name,
        looks_at=tool.looks_at,
        seconds=time.monotonic() - begin,
        findings=findings,
    )


def _findings(tool: Tool, done: Completed, project: Path) -> tuple[Finding, ...]:
    """What the tool found, with paths relative to the project."""
    if done.returncode not in tool.codes:
        raise UnreadableError(done)
    uri, path = f"{project.as_uri()}/", f"{project.as_posix()}/"
    return tuple(
        replace(found, path=found.path and found.path.removeprefix(uri).removeprefix(path))
        for found in tool.read(done)
    )


def _search_path(settings: Settings) -> str:
    """This interpreter's programs first, then the caller's; and the Terraform that is used."""
    path = os.pathsep.join((str(Path(sys.executable).parent), environment()["PATH"]))
    cache = cache_directory(settings.environment)
    return os.pathsep.join((path, str(find_terraform(cache / "terraform").path.parent)))

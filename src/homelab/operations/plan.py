"""Plan: say what a deploy would change, without changing anything, and what it did not look at."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from homelab.operations.review.report import PlanReport
from homelab.operations.run.events import Listener, Stage, silent
from homelab.operations.run.run import running
from homelab.operations.stages.machine import is_able
from homelab.operations.stages.plan import make_plan
from homelab.operations.stages.prepare import prepare
from homelab.operations.stages.review import review
from homelab.operations.state.locks import DEFAULT_TIMEOUT, reading
from homelab.operations.state.saved_plan import forget_plan, keep_plan, kept_in_words
from homelab.operations.target.lab_options import lab_settings, open_lab
from homelab.options.lab import LabOptions
from homelab.settings import SYSTEM_STATE, LabTarget, Settings, load

STAGES = (Stage.PREPARE, Stage.PLAN, Stage.REVIEW)

NOTHING_RUNS = "whether the node can make and run these containers: {why}"
WITHOUT_ROOT = "without root the lab keeps state only (runtime memory)"
NOT_ABLE = "this machine is not ready for it ('homelab doctor' says why), so a lab kept state only"
AS_ASKED = "the lab keeps state only (runtime memory)"
NOT_REFRESHED = "whether what runs still is what the state of the last deploy says"
NEVER_BY_PLAN = "Ansible's part and whether services answer: that is what deploy does"


def plan(
    *,
    target: str | None = None,
    settings: Settings | None = None,
    lab: LabOptions | None = None,
    allow_delete: Collection[str] = (),
    strict: bool = False,
    lock_timeout: float = DEFAULT_TIMEOUT,
    listener: Listener = silent,
) -> PlanReport:
    """What Terraform would change on a target.

    Where there is no lab yet and the machine can't run one's containers (no root, or something is
    not installed), a lab that keeps state only lives as long as the plan takes. Writes
    build/plan.json, build/plan.md, build/policy.sarif and build/policy.xml. The report's `review`
    says whether the plan may be applied; `allow_delete` names containers that may go. With `strict`
    the policy's warnings count as well.

    Raises:
        HomelabError: the plan could not be made.
    """
    loaded = settings or load()
    options = lab or LabOptions()
    with (
        running(
            loaded,
            "plan",
            target=target,
            stages=STAGES,
            listener=listener,
            reports=False,
            lock_timeout=lock_timeout,
        ) as run,
        _plannable(loaded, run.target, options) as (run.lab, passing),
    ):
        forget_plan(loaded.project, run.target)
        opened = prepare(run, repair=False)
        not_checked = [NEVER_BY_PLAN]
        if opened.runtime == "memory":
            why = AS_ASKED
            if passing:
                why = NOT_ABLE if os.geteuid() == 0 else WITHOUT_ROOT
            not_checked.insert(0, NOTHING_RUNS.format(why=why))
        state = run.terraform_directory / "terraform.tfstate"
        refresh = not (passing and state.is_file() and os.access(state, os.R_OK))
        if not refresh:
            not_checked.insert(0, NOT_REFRESHED)
        if passing and os.geteuid() != 0 and SYSTEM_STATE.is_dir():
            not_checked.insert(0, f"the lab of root at {SYSTEM_STATE}, which only root may ask")
        with reading(run, opened, lock_timeout):
            planned = make_plan(
                run, opened, not_checked=tuple(not_checked), refresh=refresh, read_only=True
            )
        reviewed = review(
            run,
            opened,
            planned,
            allow_delete=allow_delete,
            strict=strict,
            stops=False,
        )
        if not passing and reviewed.is_ok:
            kept = keep_plan(loaded, opened, planned.terraform, planned.plan)
            run.recorder.notice(kept_in_words(loaded.project, opened.name, kept))
        return replace(planned.report, review=reviewed)


@contextmanager
def _plannable(
    settings: Settings, name: str, options: LabOptions
) -> Iterator[tuple[LabOptions, bool]]:
    """The options for the lab to plan against, and whether it exists for this plan alone."""
    _, section = settings.target(name)
    if not isinstance(section, LabTarget):
        yield options, False
        return
    chosen = lab_settings(options, section, settings.environment)
    exists = open_lab(chosen).status().exists
    if chosen.runtime != "auto" or exists or is_able(chosen):
        yield options, False
        return
    with tempfile.TemporaryDirectory(prefix="homelab-plan-") as directory:
        passing = LabOptions(runtime="memory", listen="127.0.0.1:0", state=Path(directory) / "lab")
        try:
            yield passing, True
        finally:
            open_lab(lab_settings(passing, section, settings.environment)).destroy()

"""Deploy: prepare, plan, review, apply, configure, validate."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from homelab.operations.run.events import Listener, Stage, silent
from homelab.operations.run.report import OperationReport
from homelab.operations.run.run import Run, running
from homelab.operations.stages.apply import apply
from homelab.operations.stages.configure import configure, vault_for
from homelab.operations.stages.plan import adopt_plan, make_plan, require_allowed
from homelab.operations.stages.prepare import build_images, prepare
from homelab.operations.stages.review import review
from homelab.operations.stages.validate import validate
from homelab.operations.state.locks import DEFAULT_TIMEOUT, deploying
from homelab.operations.state.saved_plan import forget_plan
from homelab.options.declared import ImagesChoice
from homelab.options.lab import LabOptions
from homelab.settings import Settings, load

if TYPE_CHECKING:
    from homelab.clients.terraform.plan import Plan
    from homelab.lab import Lab
    from homelab.operations.stages.plan import Planned
    from homelab.operations.target.target import Target

STAGES = (
    Stage.PREPARE,
    Stage.PLAN,
    Stage.REVIEW,
    Stage.IMAGES,
    Stage.APPLY,
    Stage.CONFIGURE,
    Stage.VALIDATE,
)


def deploy(
    plan: Plan | Path | None = None,
    *,
    target: str | Lab | None = None,
    settings: Settings | None = None,
    lab: LabOptions | None = None,
    allow_delete: Collection[str] = (),
    images: ImagesChoice | None = None,
    lock_timeout: float = DEFAULT_TIMEOUT,
    listener: Listener = silent,
) -> OperationReport:
    """Bring a target to what terraform/ and ansible/ declare, and prove that it is well.

    `plan` is one that was made before, or the file of one that `homelab plan` kept; else one is
    made. `lock_timeout` is for how many seconds others who work on the target are waited for. `target` is a name of homelab.toml or a
    lab that is up; `allow_delete` names containers that may go where the target is not the lab.
    Writes build/plan.json, build/deploy.json and build/deploy.xml, also when it fails. Running it
    again after a failure or an interruption goes on from what is there.

    Raises:
        LockedError: someone else works on the target; says who.
        StalePlanError: what the plan was made from has changed since; says what.
        HomelabError: a stage failed; the report in build/ says which.
    """
    loaded = settings or load()
    name = target if isinstance(target, str) or target is None else "lab"
    given = None if isinstance(target, str) or target is None else target
    with (
        running(
            loaded,
            "deploy",
            target=name,
            stages=STAGES,
            lab=lab,
            listener=listener,
            lock_timeout=lock_timeout,
        ) as run,
        ExitStack() as held,
    ):
        opened = prepare(run, lab=given)
        lock = held.enter_context(deploying(run, opened, lock_timeout))
        planned = make_plan(run, opened) if plan is None else adopt_plan(run, opened, plan)
        review(run, opened, planned, allow_delete=allow_delete)
        require_allowed(planned.report, opened, allow_delete)
        why = opened.out_of_reach
        if why is None:
            vault = vault_for(run, opened, planned.topology)
            lock.require()
            _apply_with_images(run, opened, planned, images)
            configure(run, opened, planned.topology, vault)
            validate(run, opened, planned.topology)
        else:
            run.recorder.not_run(Stage.IMAGES, why)
            lock.require()
            apply(run, opened, planned)
            run.recorder.not_run(Stage.CONFIGURE, why)
            run.recorder.not_run(Stage.VALIDATE, why)
        forget_plan(loaded.project, opened.name)
    assert run.report is not None  # noqa: S101  (set when the run ends)
    return run.report


def _apply_with_images(
    run: Run, target: Target, planned: Planned, images: ImagesChoice | None
) -> None:
    """Apply while service images are built."""
    with ThreadPoolExecutor(1, thread_name_prefix="images") as background:
        building = background.submit(build_images, run, target, planned.topology, images)
        apply(run, target, planned)
        building.result()

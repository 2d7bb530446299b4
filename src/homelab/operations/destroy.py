"""Destroy: remove every container; where the target is the lab, the lab with them."""

from __future__ import annotations

from collections.abc import Collection

from homelab.clients.proxmox import Proxmox
from homelab.clients.terraform.client import TerraformError
from homelab.errors import UnreachableError
from homelab.operations.review.report import PlanReport
from homelab.operations.run.events import Listener, Stage, State, silent
from homelab.operations.run.report import OperationReport
from homelab.operations.run.run import Run, running
from homelab.operations.stages.apply import apply_listener, in_words
from homelab.operations.stages.configure import inventory_file
from homelab.operations.stages.plan import require_allowed, terraform_for
from homelab.operations.stages.protection import lift_protection
from homelab.operations.state.locks import DEFAULT_TIMEOUT, deploying
from homelab.operations.target.lab_options import lab_settings, open_lab
from homelab.operations.target.target import Target, open_target
from homelab.options.lab import LabOptions
from homelab.settings import LabTarget, Settings, load

STAGES = (Stage.DESTROY,)

_STATE = "terraform.tfstate"


def destroy(
    *,
    target: str | None = None,
    settings: Settings | None = None,
    lab: LabOptions | None = None,
    allow_delete: Collection[str] = (),
    lock_timeout: float = DEFAULT_TIMEOUT,
    listener: Listener = silent,
) -> OperationReport:
    """Remove what a deploy made. Cached images and the reports in build/ stay.

    The lab goes as a whole, also when its server is dead. On a real node each container has to be
    named in `allow_delete`.

    Raises:
        DeletionError: a container was not named.
        LockedError: someone else works on the target; says who.
        HomelabError: something could not be removed.
    """
    loaded = settings or load()
    with running(
        loaded,
        "destroy",
        target=target,
        stages=STAGES,
        lab=lab,
        listener=listener,
        lock_timeout=lock_timeout,
    ) as run:
        _, section = loaded.target(run.target)
        with run.recorder.stage(Stage.DESTROY) as stage:
            if isinstance(section, LabTarget):
                stage.detail = _destroy_lab(run, section)
            else:
                opened = open_target(loaded, run.target)
                with deploying(run, opened, lock_timeout):
                    stage.detail = _destroy_containers(run, opened, allow_delete)
    assert run.report is not None  # noqa: S101  (set when the run ends)
    return run.report


def _destroy_lab(run: Run, section: LabTarget) -> str:
    """Containers through Terraform while the API answers, then whatever is left."""
    lab = open_lab(lab_settings(run.lab, section, run.settings.environment))
    said = "the lab is gone"
    try:
        target = open_target(run.settings, run.target, options=run.lab, start=False)
        said = f"{_destroy_containers(run, target, ())}; {said}"
    except (UnreachableError, TerraformError) as error:
        run.recorder.notice(f"Terraform had no part in it: {str(error).splitlines()[0]}")
    run.recorder.progress(Stage.DESTROY, "removing the lab")
    lab.destroy()
    for name in (_STATE, f"{_STATE}.backup", f".{_STATE}.lock.info"):
        (run.terraform_directory / name).unlink(missing_ok=True)
    inventory_file(run.settings.project).unlink(missing_ok=True)
    return said


def _destroy_containers(run: Run, target: Target, allow_delete: Collection[str]) -> str:
    run.runtime = target.runtime
    terraform = terraform_for(run.settings, target)
    terraform.init()
    plan = terraform.plan(destroy=True)
    report = PlanReport(
        target=target.name, runtime=target.runtime, provider="", changes=plan.changes, containers=0
    )
    require_allowed(report, target, allow_delete)
    names = [change.name for change in report.changes if change.is_container]
    run.recorder.items_known(names)
    for name in names:
        run.recorder.item(Stage.DESTROY, name, State.WAITING)
    if plan.is_empty:
        return "there was no container"
    lift_protection(Proxmox.from_environment(target.environment), plan.changes)
    return in_words(terraform.apply(plan, on_event=apply_listener(run.recorder, Stage.DESTROY)))

"""The plan stage: check the files, plan against the target, adopt what exists, gate deletions."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from homelab.clients.proxmox import Proxmox
from homelab.clients.terraform.adopt import plan_adopting
from homelab.clients.terraform.client import Terraform
from homelab.clients.terraform.plan import Plan
from homelab.errors import HomelabError
from homelab.model import Topology, topology_from_plan
from homelab.model.changes import Action
from homelab.offline_provider import VERSION, serves_offline
from homelab.operations.review.report import PlanReport
from homelab.operations.run.events import Stage, State
from homelab.operations.run.run import Run
from homelab.operations.stages.check import check_terraform, in_terms_of_policy
from homelab.operations.stages.present_on_node import require_present
from homelab.operations.stages.protection import unprotect
from homelab.operations.state.remote import remote_terraform
from homelab.operations.state.saved_plan import fresh_plan
from homelab.operations.target.target import Target
from homelab.policy import Subject
from homelab.policy.documents import subject_from_plan
from homelab.process import environment
from homelab.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan that can be applied, the topology that it leads to, and how it reads."""

    terraform: Terraform
    plan: Plan
    topology: Topology
    subject: Subject
    """What the policy, the review and the preflight judge."""
    report: PlanReport


class DeletionError(HomelabError):
    """A plan removes containers that nobody named; `containers` are those."""

    def __init__(self, containers: Collection[str], target: str) -> None:
        self.containers = tuple(containers)
        names = " ".join(f"--allow-delete {name}" for name in self.containers)
        super().__init__(
            f"the plan deletes or replaces on target {target!r}: {', '.join(self.containers)}",
            hint=f"if that is meant, name them: {names}",
        )


def terraform_for(settings: Settings, target: Target) -> Terraform:
    """Terraform for a target; each real node has a workspace and a data directory of its own."""
    directory = settings.project / "terraform"
    if target.state_schema is not None:
        return remote_terraform(settings, target)
    data = None if target.is_lab else settings.project / "build" / "terraform" / target.name
    terraform = Terraform(
        directory, env=target.environment, variables=target.variables, data_dir=data
    )
    if not target.is_lab:
        terraform.workspace_select(target.name)
    return terraform


def provider_name(run: Run, target: Target) -> str:
    """Which provider Terraform installs for this target, in words; says when it is unexpected."""
    if serves_offline(environment(target.environment).get("TF_CLI_CONFIG_FILE")):
        if not target.is_lab:
            run.recorder.notice(
                "TF_CLI_CONFIG_FILE names the lab's provider mirror, so the offline provider works "
                f"on {target.name}",
                warning=True,
            )
        return f"homelab's offline provider, in place of telmate/proxmox {VERSION}"
    return f"telmate/proxmox {VERSION}"


def make_plan(
    run: Run,
    target: Target,
    *,
    not_checked: tuple[str, ...] = (),
    refresh: bool = True,
    read_only: bool = False,
) -> Planned:
    """Check, initialise and plan; what exists already without being in the state is adopted.

    A container whose creation was cut off can't be adopted; it is removed unless `read_only`.

    Raises:
        ConfigurationError: the files are not formatted or not valid.
        TerraformError: Terraform failed; carries its diagnostics.
        MissingOnNodeError: the node lacks a template, storage or bridge of a new container.
    """
    run.provider = provider_name(run, target)
    begin = time.monotonic()
    with run.recorder.stage(Stage.PLAN) as stage:
        terraform = terraform_for(run.settings, target)
        run.recorder.progress(Stage.PLAN, "fmt, init, validate")
        with in_terms_of_policy(run.settings, run.tree):
            check_terraform(terraform)
        run.recorder.progress(Stage.PLAN, "plan")
        if refresh:
            proxmox = Proxmox.from_environment(target.environment)
            may_remove = target.is_lab and not read_only

            def remove(node: str, vmid: int) -> None:
                if may_remove:
                    unprotect(proxmox, node, vmid)
                    proxmox.destroy(node, vmid)
                    text = f"removed container {vmid}, whose creation had been cut off"
                else:
                    text = (
                        f"container {vmid} on {node} was half made by a creation that was cut off"
                    )
                run.recorder.notice(text, warning=not may_remove)

            plan = plan_adopting(terraform, proxmox, remove=remove).plan
            with in_terms_of_policy(run.settings, run.tree):
                require_present(proxmox, plan.changes)
        else:
            plan = terraform.plan(refresh=False)
        seconds = time.monotonic() - begin
        planned = _planned(run, target, terraform, plan, not_checked=not_checked, seconds=seconds)
        stage.detail = planned.report.headline
        stage.state = State.UNCHANGED if planned.report.is_empty else State.DONE
    run.recorder.items_known(_items(planned))
    return planned


def adopt_plan(run: Run, target: Target, given: Plan | Path) -> Planned:
    """A plan that was made earlier, taken as it is.

    Raises:
        StalePlanError: something that it was made from is different now.
        ConfigurationError: there is no such plan.
    """
    run.provider = provider_name(run, target)
    path = given if isinstance(given, Path) else given.path
    with run.recorder.stage(Stage.PLAN, detail=f"given: {path}") as stage:
        terraform = terraform_for(run.settings, target)
        plan = fresh_plan(run.settings, target, terraform, given)
        planned = _planned(run, target, terraform, plan)
        stage.detail = f"given: {planned.report.headline}"
        stage.state = State.UNCHANGED if planned.report.is_empty else State.DONE
    run.recorder.items_known(_items(planned))
    return planned


def require_allowed(report: PlanReport, target: Target, allowed: Collection[str]) -> None:
    """Let a plan pass that removes nothing, or only what was named; the lab may lose anything.

    Raises:
        DeletionError: a container would be deleted or replaced that nobody named.
    """
    if target.is_lab:
        return
    removed = {change.name for change in report.changes if change.removes and change.is_container}
    unnamed = sorted(removed - set(allowed))
    if unnamed:
        raise DeletionError(unnamed, target.name)


def _planned(
    run: Run,
    target: Target,
    terraform: Terraform,
    plan: Plan,
    *,
    not_checked: tuple[str, ...] = (),
    seconds: float = 0.0,
) -> Planned:
    """A plan with all that is read from it; `seconds` is how long it took to make."""
    topology = topology_from_plan(plan.document)
    report = PlanReport(
        target=target.name,
        runtime=target.runtime,
        provider=run.provider or "",
        changes=plan.changes,
        containers=len(topology),
        not_checked=not_checked,
        seconds=seconds,
    )
    subject = subject_from_plan(plan.document, topology, resources=plan.resources)
    return Planned(
        terraform=terraform, plan=plan, topology=topology, subject=subject, report=report
    )


def _items(planned: Planned) -> tuple[str, ...]:
    """The topology's containers, and those that are to go."""
    names = [container.name for container in planned.topology]
    changes = planned.report.changes
    gone = [c.name for c in changes if c.action is Action.DELETE and c.is_container]
    return tuple(dict.fromkeys([*names, *gone]))

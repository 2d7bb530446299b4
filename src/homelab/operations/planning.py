"""The plan stage: check the files, plan against the target, adopt what exists, gate deletions."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homelab.clients.proxmox import Proxmox
from homelab.clients.terraform import Terraform
from homelab.clients.terraform_adopt import plan_adopting
from homelab.clients.terraform_plan import Plan
from homelab.errors import ConfigurationError, HomelabError
from homelab.mirror import VERSION, serves_offline
from homelab.model import Topology, topology_from_plan
from homelab.operations.events import Stage, State
from homelab.operations.planned import Action, PlannedChange, PlanReport
from homelab.operations.run import Run
from homelab.operations.static import check_terraform
from homelab.operations.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan that can be applied, the topology that it leads to, and how it reads."""

    terraform: Terraform
    plan: Plan
    topology: Topology
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


def terraform_for(run: Run, target: Target) -> Terraform:
    """Terraform for a target; each real node has a workspace and a data directory of its own."""
    if target.is_lab:
        return Terraform(
            run.terraform_directory, env=target.environment, variables=target.variables
        )
    terraform = Terraform(
        run.terraform_directory,
        env=target.environment,
        variables=target.variables,
        data_dir=run.build / "terraform" / target.name,
    )
    terraform.workspace_select(target.name)
    return terraform


def provider_name(environment: Mapping[str, str]) -> str:
    """Which provider Terraform installs with this environment, in words."""
    if serves_offline(environment.get("TF_CLI_CONFIG_FILE")):
        return f"homelab's offline provider, in place of telmate/proxmox {VERSION}"
    return f"telmate/proxmox {VERSION}"


def make_plan(
    run: Run, target: Target, *, not_checked: tuple[str, ...] = (), refresh: bool = True
) -> Planned:
    """Check, initialise and plan; what exists already without being in the state is adopted.

    Raises:
        ConfigurationError: the files are not formatted or not valid.
        TerraformError: Terraform failed; carries its diagnostics.
    """
    run.provider = provider_name(target.environment)
    begin = time.monotonic()
    with run.recorder.stage(Stage.PLAN) as stage:
        terraform = terraform_for(run, target)
        run.recorder.progress(Stage.PLAN, "fmt, init, validate")
        check_terraform(terraform)
        run.recorder.progress(Stage.PLAN, "plan")
        if refresh:
            node = _Node(Proxmox.from_environment(target.environment), may_destroy=target.is_lab)
            adoption = plan_adopting(terraform, node)
            plan = adoption.plan
            if adoption.removed:
                listing = ", ".join(map(str, adoption.removed))
                run.recorder.notice(f"removed containers that were half made: {listing}")
        else:
            plan = terraform.plan(refresh=False)
        report = _plan_report(run, target, plan, not_checked, time.monotonic() - begin)
        run.write_json("plan.json", report.to_json())
        run.write("plan.md", report.to_markdown())
        stage.detail = report.headline
        stage.state = State.UNCHANGED if report.is_empty else State.DONE
    topology = topology_from_plan(plan.document)
    run.recorder.items_known(_items(topology, report))
    return Planned(terraform=terraform, plan=plan, topology=topology, report=report)


def adopt_plan(run: Run, target: Target, plan: Plan) -> Planned:
    """A plan that was made earlier, taken as it is."""
    run.provider = provider_name(target.environment)
    with run.recorder.stage(Stage.PLAN, detail=f"given: {plan.path}") as stage:
        report = _plan_report(run, target, plan, (), 0.0)
        run.write_json("plan.json", report.to_json())
        stage.detail = f"given: {report.headline}"
        stage.state = State.UNCHANGED if report.is_empty else State.DONE
    topology = topology_from_plan(plan.document)
    run.recorder.items_known(_items(topology, report))
    return Planned(
        terraform=terraform_for(run, target), plan=plan, topology=topology, report=report
    )


def require_allowed(report: PlanReport, target: Target, allowed: Collection[str]) -> None:
    """Let a plan pass that removes nothing, or only what was named; the lab may lose anything.

    Raises:
        DeletionError: a container would be deleted or replaced that nobody named.
    """
    if target.is_lab:
        return
    removed = {change.item for change in report.changes if change.removes and change.is_container}
    unnamed = sorted(removed - set(allowed))
    if unnamed:
        raise DeletionError(unnamed, target.name)


def _plan_report(
    run: Run, target: Target, plan: Plan, not_checked: tuple[str, ...], seconds: float
) -> PlanReport:
    changes = tuple(
        PlannedChange(address=change.address, action=_ACTIONS[change.action])
        for change in plan.changes
    )
    return PlanReport(
        target=target.name,
        runtime=target.runtime,
        provider=run.provider or "",
        changes=changes,
        containers=len(topology_from_plan(plan.document)) if not plan.destroys else 0,
        not_checked=not_checked,
        seconds=seconds,
    )


_ACTIONS = {
    "create": Action.CREATE,
    "update": Action.UPDATE,
    "replace": Action.REPLACE,
    "delete": Action.DELETE,
    "import": Action.ADOPT,
}


def _items(topology: Topology, report: PlanReport) -> tuple[str, ...]:
    """The topology's containers, and those that are to go."""
    names = [container.name for container in topology]
    gone = [c.item for c in report.changes if c.action is Action.DELETE and c.is_container]
    return tuple(dict.fromkeys([*names, *gone]))

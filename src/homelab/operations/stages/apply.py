"""The apply stage: Terraform makes the node what the plan says, container by container."""

from __future__ import annotations

from homelab.clients.proxmox import Proxmox
from homelab.clients.terraform.client import Applied
from homelab.clients.terraform.events import Diagnostic, Phase, ResourceEvent, TerraformEvent
from homelab.model.changes import item_of
from homelab.operations.run.events import Stage, State
from homelab.operations.run.recorder import Recorder
from homelab.operations.run.run import Run
from homelab.operations.stages.plan import Planned
from homelab.operations.stages.protection import lift_protection
from homelab.operations.stages.starting import start_stopped
from homelab.operations.target.target import Target
from homelab.pve.telmate.attributes import CONTAINER

_PAST = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "import": "adopted",
}


def apply(run: Run, target: Target, planned: Planned) -> None:
    """Apply a plan, then start what is declared and stands still; Terraform does not look at that.

    Raises:
        TerraformError: something failed; what succeeded before is in the state.
        TaskError: a container does not start.
    """
    recorder = run.recorder
    with recorder.stage(Stage.APPLY) as handle:
        touched = {change.name for change in planned.report.changes}
        for container in planned.topology:
            if container.name not in touched:
                recorder.item(Stage.APPLY, container.name, State.UNCHANGED)
        said: list[str] = []
        proxmox = Proxmox.from_environment(target.environment)
        for name in lift_protection(proxmox, planned.plan.changes):
            recorder.notice(f"{name} was protected; that is lifted, since it is to go")
        if planned.plan.is_empty and not planned.plan.outputs_change:
            handle.state = State.UNCHANGED
        else:
            listener = ApplyListener(recorder, Stage.APPLY)
            said.append(in_words(planned.terraform.apply(planned.plan, on_event=listener)))

        def starting(name: str) -> None:
            recorder.item(Stage.APPLY, name, State.DONE, "started")

        started = start_stopped(proxmox, planned.topology, on_start=starting)
        if started:
            handle.state = State.DONE
            said.append(f"started {', '.join(started)}")
        handle.detail = "; ".join(said) or "nothing to do"


def in_words(applied: Applied) -> str:
    """What an apply did, in one line."""
    counts = (
        (applied.imported, "adopted"),
        (applied.added, "added"),
        (applied.changed, "changed"),
        (applied.removed, "removed"),
    )
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing changed"


class ApplyListener:
    """Turns what Terraform says into events about containers."""

    def __init__(self, recorder: Recorder, stage: Stage) -> None:
        self._recorder = recorder
        self._stage = stage

    def __call__(self, event: TerraformEvent) -> None:
        """Take one event in."""
        match event:
            case ResourceEvent(resource_type=kind) if kind == CONTAINER:
                self._container(event)
            case ResourceEvent(phase=Phase.START):
                self._recorder.progress(self._stage, f"{event.action} {event.address}")
            case Diagnostic(severity="error") if f"{CONTAINER}." in event.address:
                item = item_of(event.address)
                self._recorder.item(self._stage, item, State.FAILED, str(event))

    def _container(self, event: ResourceEvent) -> None:
        name = event.key or item_of(event.address)
        match event.phase:
            case Phase.START:
                self._recorder.item(self._stage, name, State.RUNNING, event.action)
            case Phase.COMPLETE:
                word = _PAST.get(event.action, event.action)
                self._recorder.item(self._stage, name, State.DONE, word)
            case Phase.ERRORED:
                self._recorder.item(self._stage, name, State.FAILED, f"{event.action} failed")

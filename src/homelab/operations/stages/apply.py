"""The apply stage: Terraform makes the node what the plan says, container by container."""

from __future__ import annotations

from homelab.clients.proxmox import Proxmox
from homelab.clients.terraform.client import Applied, Listener
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
            listener = apply_listener(recorder, Stage.APPLY)
            said.append(in_words(planned.terraform.apply(planned.plan, on_event=listener)))
        started = start_stopped(
            proxmox,
            planned.topology,
            on_start=lambda name: recorder.item(Stage.APPLY, name, State.DONE, "started"),
        )
        if started:
            handle.state = State.DONE
            said.append(f"started {', '.join(started)}")
        handle.detail = "; ".join(said) or "nothing to do"


def in_words(applied: Applied) -> str:
    counts = (
        (applied.imported, "adopted"),
        (applied.added, "added"),
        (applied.changed, "changed"),
        (applied.removed, "removed"),
    )
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing changed"


def apply_listener(recorder: Recorder, stage: Stage) -> Listener:
    """Turns what Terraform says into events about containers."""

    def listen(event: TerraformEvent) -> None:
        match event:
            case ResourceEvent(resource_type=kind) if kind == CONTAINER:
                name = event.key or item_of(event.address)
                match event.phase:
                    case Phase.START:
                        recorder.item(stage, name, State.RUNNING, event.action)
                    case Phase.COMPLETE:
                        word = _PAST.get(event.action, event.action)
                        recorder.item(stage, name, State.DONE, word)
                    case Phase.ERRORED:
                        recorder.item(stage, name, State.FAILED, f"{event.action} failed")
            case ResourceEvent(phase=Phase.START):
                recorder.progress(stage, f"{event.action} {event.address}")
            case Diagnostic(severity="error") if f"{CONTAINER}." in event.address:
                recorder.item(stage, item_of(event.address), State.FAILED, str(event))

    return listen

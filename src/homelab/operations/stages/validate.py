"""The validate stage: every service is asked whether it is well."""

from __future__ import annotations

from homelab.model import Topology
from homelab.operations.run.events import Stage, State
from homelab.operations.run.run import Run
from homelab.operations.target.target import Target
from homelab.probes import ProbeResult
from homelab.probes import run as run_probes

DEADLINE = 45.0
"""Seconds that services have after a deploy until they must be well."""


def validate(run: Run, target: Target, topology: Topology) -> None:
    """Probe all services until each is well or the deadline has passed.

    Raises:
        ProbesFailedError: names each service that is not well, and what was seen.
        CapabilityError: the target keeps state only.
    """
    recorder = run.recorder
    with recorder.stage(Stage.VALIDATE) as stage:
        for container in topology:
            recorder.item(Stage.VALIDATE, container.name, State.RUNNING)

        def take(result: ProbeResult) -> None:
            state = State.DONE if result.ok else State.FAILED
            seen = str(result).partition(" at ")[2]
            detail = f"{result.status} in {result.latency * 1000:.0f} ms" if result.ok else seen
            recorder.item(Stage.VALIDATE, result.container, state, detail)

        report = run_probes(topology, target=target, deadline=DEADLINE, on_result=take)
        healthy = len(report) - len(report.failures)
        stage.detail = f"{healthy} of {len(report)} services are healthy"
        report.raise_for_failures()

"""What is printed when an operation has ended well: stages, times, what was real."""

from __future__ import annotations

from homelab.operations.run.events import Stage, State
from homelab.operations.run.report import OperationReport


def summary_lines(report: OperationReport) -> tuple[str, ...]:
    """A report for people; the same facts are in build/."""
    lines = ["", f"{report.operation} of {report.target} took {report.seconds:.1f} s"]
    for stage in report.stages:
        seconds = f"{stage.seconds:6.1f} s" if stage.state is not State.NOT_RUN else " " * 8
        lines.append(f"  {stage.stage:10} {seconds}  {stage.state:9} {stage.detail}".rstrip())
    lines += [f"  {text}" for text in _real(report)]
    lines += [f"  note: {notice}" for notice in report.notices]
    lines.append(f"  written: build/{report.operation}.json, build/{report.operation}.xml")
    return tuple(lines)


def _real(report: OperationReport) -> tuple[str, ...]:
    """What was real in this run, and what only stood in for something."""
    lines: list[str] = []
    ends = [item.state for item in report.items if item.stage is Stage.VALIDATE]
    healthy = ends.count(State.DONE)
    if report.runtime == "lxc" and healthy:
        lines.append(f"real: {healthy} LXC containers with systemd, Docker and a healthy service")
    if report.runtime == "memory":
        lines.append("real: Terraform and the API; nothing ran behind it (runtime memory)")
    if report.images:
        stand_ins = sum(image.is_stand_in for image in report.images)
        lines.append(
            f"images: {len(report.images) - stand_ins} real programs, {stand_ins} stand-ins that answer "
            "the health endpoint only ('homelab lab images' lists them)"
        )
    if report.provider:
        lines.append(f"provider: {report.provider}")
    return tuple(lines)

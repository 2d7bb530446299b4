"""`homelab plan|deploy|destroy|probe|inventory`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from homelab.cli import options
from homelab.cli.elevation import is_root, require_root
from homelab.cli.exit_code import CHANGES
from homelab.cli.output import emit, emit_json, listener, say, tell_runner
from homelab.errors import CapabilityError
from homelab.operations.target.lab_options import belongs_to_root, is_at, lab_settings
from homelab.options.declared import ImagesChoice
from homelab.options.lab import LabOptions
from homelab.settings import LabTarget, Settings, load

if TYPE_CHECKING:
    from homelab.operations.run.report import OperationReport

_COMMON = options.combined(
    options.target, options.project, options.lab("runtime", "listen", "state"), options.plain
)
_PLAN = click.option(
    "--plan",
    "given",
    type=options.FILE,
    metavar="FILE",
    help="Deploy this plan, which 'homelab plan' kept; refused when what it was made from changed.",
)


def _runs_as_root(settings: Settings, target: str | None, lab: LabOptions, what: str) -> None:
    """Go on as root where the target is a lab that runs containers."""
    _, section = settings.target(target)
    if isinstance(section, LabTarget):
        chosen = lab_settings(lab, section, settings.environment)
        if chosen.runtime != "memory":
            require_root(what)


def _plans_against_the_same_lab(settings: Settings, target: str | None, lab: LabOptions) -> None:
    """Go on as root where the target is a lab of root's: one that keeps state only knows nothing."""
    if lab.runtime == "lxc" and not is_root():
        require_root("a lab that runs containers")
    _, section = settings.target(target)
    if not isinstance(section, LabTarget):
        return
    chosen = lab_settings(lab, section, settings.environment)
    if chosen.runtime != "memory" and belongs_to_root(chosen):
        try:
            require_root("the lab on this machine is root's; planning against it")
        except CapabilityError as error:
            if is_at(chosen):
                raise
            say(f"note: {error.message}; what is deployed there is not compared")


class _Work(TypedDict):
    """What every operation that works on a target is told."""

    target: str | None
    lab: LabOptions
    allow_delete: tuple[str, ...]
    lock_timeout: float


@click.command()
@_COMMON
@options.combined(options.lock_timeout, options.allow_delete, options.strict, options.as_json)
@click.option("--annotate", is_flag=True, help="Annotate files on GitHub with what fails.")
def plan(
    project: Path | None,
    *,
    plain: bool,
    strict: bool,
    as_json: bool,
    annotate: bool,
    **work: Unpack[_Work],
) -> int:
    """Show what Terraform would change and what that means, and judge it.

    Exit code 0 when there is nothing, 2 when there is something, 1 when it may not be applied.
    """
    from homelab.operations.plan import plan as make
    from homelab.operations.review import to_terminal
    from homelab.operations.review.data import to_json
    from homelab.policy.formats import to_github

    settings = load(project)
    _plans_against_the_same_lab(settings, work["target"], work["lab"])
    with listener(plain=plain, quiet=as_json) as tell:
        report = make(settings=settings, strict=strict, listener=tell, **work)
    review = report.review
    if as_json:
        emit_json(to_json(report, review))
    else:
        emit(*(report.lines() if review is None else to_terminal(report, review)))
    if annotate and review is not None and review.policy is not None:
        tell_runner(*to_github(review.policy))
    if review is not None and not review.is_ok:
        return 1
    return 0 if report.is_empty else CHANGES


@click.command()
@_COMMON
@options.combined(options.images, options.allow_delete, options.lock_timeout, _PLAN)
def deploy(
    project: Path | None,
    *,
    plain: bool,
    images: ImagesChoice | None,
    given: Path | None,
    **work: Unpack[_Work],
) -> int:
    """Plan, apply, configure and validate; the lab is brought up when it is not running."""
    from homelab.operations.deploy import deploy as run

    settings = load(project)
    what = "deploying to a lab that runs containers"
    _runs_as_root(settings, work["target"], work["lab"], what)
    with listener(plain=plain) as tell:
        report = run(given, settings=settings, images=images, listener=tell, **work)
    _summary(report)
    return 0


@click.command()
@_COMMON
@options.combined(options.allow_delete, options.lock_timeout)
def destroy(project: Path | None, *, plain: bool, **work: Unpack[_Work]) -> int:
    """Remove every container; where the target is the lab, the lab too."""
    from homelab.operations.destroy import destroy as run

    settings = load(project)
    what = "removing a lab that runs containers"
    _runs_as_root(settings, work["target"], work["lab"], what)
    with listener(plain=plain) as tell:
        report = run(settings=settings, listener=tell, **work)
    _summary(report)
    return 0


@click.command()
@options.combined(options.target, options.project, options.state, options.as_json)
@click.option("--only", multiple=True, metavar="CONTAINER", help="Ask only this one; repeatable.")
@click.option("--deadline", default=0.0, show_default=True, help="Seconds to keep asking.")
def probe(
    target: str | None,
    project: Path | None,
    lab: LabOptions,
    *,
    as_json: bool,
    only: tuple[str, ...],
    deadline: float,
) -> int:
    """Ask every service whether it is well; exit code 1 when one is not."""
    from homelab.operations.probe import probe as run

    settings = load(project)
    _runs_as_root(settings, target, lab, "asking containers in the lab's network")
    report = run(target=target, settings=settings, lab=lab, only=only or None, deadline=deadline)
    if as_json:
        emit_json(
            [
                {
                    "container": result.container,
                    "service": result.service,
                    "url": result.url,
                    "ok": result.ok,
                    "status": result.status,
                    "seen": str(result.seen),
                    "detail": result.detail,
                    "latency": round(result.latency, 4),
                }
                for result in report
            ]
        )
    else:
        emit(*(f"{'ok    ' if result.ok else 'FAILED'} {result}" for result in report))
        emit(f"{len(report) - len(report.failures)} of {len(report)} services are healthy")
    return 1 if report.failures else 0


@click.command()
@options.combined(options.target, options.project, options.state)
def inventory(target: str | None, project: Path | None, lab: LabOptions) -> None:
    """Print the Ansible inventory as JSON, from Terraform's outputs."""
    from homelab.operations.probe import inventory as run

    settings = load(project)
    _runs_as_root(settings, target, lab, "reading the lab's keys and state")
    emit_json(run(target=target, settings=settings, lab=lab))


def _summary(report: OperationReport) -> None:
    from homelab.cli.summary import summary_lines

    emit(*summary_lines(report))

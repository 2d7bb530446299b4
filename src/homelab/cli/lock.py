"""`homelab lock`: who works on a target, and ending what hangs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from homelab.cli import options
from homelab.cli.output import emit, emit_json, say
from homelab.operations.state.locks import Holder, holders
from homelab.operations.state.locks import release as end
from homelab.settings import load


@click.group()
def lock() -> None:
    """Who works on a target, and ending what hangs."""


@lock.command()
@options.combined(options.target, options.project, options.as_json)
def status(target: str | None, project: Path | None, *, as_json: bool) -> None:
    """Say who holds a lock of the target."""
    settings = load(project)
    found = holders(settings, target)
    if as_json:
        emit_json([_row(holder) for holder in found])
        return
    emit(*map(str, found))
    if not found:
        name, _ = settings.target(target)
        emit(f"nobody holds a lock of target {name}")


@lock.command()
@options.combined(options.target, options.project)
@click.option(
    "--older-than",
    type=options.duration,
    required=True,
    metavar="DURATION",
    help="Spare whoever has held the lock for less, such as 30m.",
)
def release(target: str | None, project: Path | None, older_than: float) -> int:
    """End the sessions that have held a lock for too long; exit code 1 when one is spared."""
    done = end(load(project), target, timedelta(seconds=older_than))
    for holder in done.ended:
        say(f"released: {holder.in_words('was')}")
        if holder.pids:
            pids = " ".join(map(str, holder.pids))
            say(
                "warning: its processes are alive on this machine and may go on without the "
                f"lock; end them: kill {pids}"
            )
        else:
            say("make sure that its program has ended too: without the lock it may still write")
    for holder in done.younger:
        say(f"spared, it is younger than that: {holder}")
    for holder in done.by_hand:
        say(f"{holder}; it ends with its process: kill -INT {holder.pids[0]}")
    for path in done.tidied:
        say(f"removed {path}, which a process that was killed had left")
    if not (done.ended or done.younger or done.by_hand or done.tidied):
        say("nobody holds a lock")
    return 1 if done.younger or done.by_hand else 0


def _row(holder: Holder) -> dict[str, object]:
    session = holder.session
    return {
        "lock": str(holder.lock),
        "who": holder.who,
        "since": holder.since.isoformat() if holder.since else None,
        "pids": list(holder.pids),
        "backend": session.backend if session else None,
        "address": session.address if session else None,
        "application": session.application if session else None,
    }

"""`homelab lab`: the embedded node's life cycle, and ways into it."""

from __future__ import annotations

import os
import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path

import click

from homelab.cli import options
from homelab.cli.elevation import is_root, require_root
from homelab.cli.exit_code import INTERRUPTED
from homelab.cli.lab_faults import fault
from homelab.cli.output import PlainLog, emit, emit_document, emit_json, say
from homelab.errors import CapabilityError, ConfigurationError, HomelabError, WaitTimeoutError
from homelab.escaping import one_line
from homelab.operations.run.events import Progress, Stage
from homelab.operations.target.lab_options import belongs_to_root, lab_around, open_lab
from homelab.options.lab import LabOptions, LabSettings, NodeOptions
from homelab.options.option import options_of
from homelab.process import environment, stream

VARIABLES = (
    "PM_API_URL",
    "PM_USER",
    "PM_PASS",
    "PM_API_TOKEN_ID",
    "PM_API_TOKEN_SECRET",
    "TF_CLI_CONFIG_FILE",
    "HOMELAB_CA_FILE",
    "HOMELAB_NODE",
    "HOMELAB_STORAGE",
    "HOMELAB_TEMPLATE",
    "TF_VAR_protect",
    "TF_VAR_ssh_public_keys",
)
"""What `homelab lab env` exports, in this order."""


def _existing(lab: LabOptions) -> LabSettings:
    """The settings of a lab that should exist already; goes through sudo when it is root's."""
    chosen = lab_around(lab)
    if belongs_to_root(chosen):
        require_root("the lab on this machine is root's; this")
    return chosen


@click.group()
def lab() -> None:
    """The embedded Proxmox VE node."""


lab.add_command(fault)


@lab.command()
@options.lab("runtime", "listen", "state", *options_of(NodeOptions))
@click.option("--foreground", is_flag=True, help="Serve until interrupted.")
def up(lab: LabOptions, *, foreground: bool) -> None:
    """Start the lab, or say that it runs."""
    chosen = lab_around(lab)
    if chosen.runtime != "memory" and not is_root():
        try:
            require_root("a lab that runs containers")
        except CapabilityError as error:
            if chosen.runtime == "lxc":
                raise
            say(f"note: {error.message}; the lab keeps state only (runtime memory)")
            chosen = replace(chosen, runtime="memory")
    log = PlainLog(sys.stderr)  # not more often than a log should
    node = open_lab(chosen, on_progress=lambda line: log(Progress(stage=Stage.PREPARE, text=line)))
    if foreground:
        say(
            f"serving on https://{chosen.listen}/api2/json, state in {chosen.state}; Ctrl-C ends it"
        )
        node.serve()
        return
    say(f"starting the lab, state in {chosen.state}")
    info = node.up()
    for note in info.notes:
        say(f"note: {note}")
    say(f"the lab is up: {info.api_url}, node {info.node}, runtime {info.runtime}")
    where = "" if lab.state is None else f" --state {shlex.quote(str(lab.state))}"
    say(f'hint: eval "$(homelab lab env{where})" points Terraform and other clients at it')


@lab.command()
@options.state
def down(lab: LabOptions) -> None:
    """Stop every container and the server; all state stays."""
    open_lab(_existing(lab)).down()
    say("the lab is down; 'homelab lab up' starts it again")


@lab.command()
@options.state
def destroy(lab: LabOptions) -> None:
    """Remove the lab with everything in it; cached images stay."""
    open_lab(_existing(lab)).destroy()
    say("the lab is gone")


@lab.command()
@options.combined(options.state, options.as_json)
def status(lab: LabOptions, *, as_json: bool) -> None:
    """Say whether the lab runs and what runs in it; the exit code is always 0."""
    from homelab.operations.target.lab_view import lab_view

    try:
        view = lab_view(_existing(lab))
    except HomelabError as error:
        if as_json:
            emit_json({"running": None, "error": error.message})
        else:
            emit("lab: unknown")
        say(str(error))
        return
    if as_json:
        emit_json(view.to_json())
        return
    emit(*view.lines())


@lab.command()
@options.state
@click.option("--timeout", default=60.0, show_default=True, help="Seconds.")
def wait(lab: LabOptions, timeout: float) -> None:
    """Wait until the lab's API answers; exit code 1 when it does not in time."""
    from homelab.operations.target.lab_view import api_answers
    from homelab.polling import wait_until

    chosen = _existing(lab)
    begin = time.monotonic()
    try:
        wait_until(lambda: api_answers(chosen), what="the lab's API to answer", timeout=timeout)
    except WaitTimeoutError as error:
        raise HomelabError(str(error), hint="see 'homelab lab logs'") from error
    say(f"the lab answers, after {time.monotonic() - begin:.1f} s")


@lab.command()
@options.state
@click.option("--unset", is_flag=True, help="Print what takes the exports back.")
def env(lab: LabOptions, *, unset: bool) -> None:
    """Print shell exports that point clients at the lab: eval "$(homelab lab env)"."""
    if unset:
        emit(*(f"unset {name}" for name in VARIABLES))
        return
    values = open_lab(_existing(lab)).env()
    for name in VARIABLES:
        if name in values:
            emit_document(f"export {name}={shlex.quote(values[name])}")
    say('hint: eval "$(homelab lab env)"; with --unset it is taken back')


class _Command(click.Command):
    """A command that takes `[NAME] -- WORDS`: what stands after the first `--` is left alone."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            cut = args.index("--")
            ctx.meta["homelab.words"] = tuple(args[cut + 1 :])
            args = args[:cut]
        return super().parse_args(ctx, args)


@lab.command(cls=_Command, name="exec")
@options.state
@click.argument("name", required=False)
@click.pass_context
def exec_(ctx: click.Context, lab: LabOptions, name: str | None) -> None:
    """Run a command in the node, or in container NAME: exec [NAME] -- COMMAND [ARGUMENT]..."""
    words: tuple[str, ...] = ctx.meta.get("homelab.words", ())
    if not words:
        raise ConfigurationError(
            "no command was given", hint="write it after --: homelab lab exec -- ip addr"
        )
    _enter(lab, name, words)


@lab.command()
@options.state
@click.argument("name", required=False)
def shell(lab: LabOptions, name: str | None) -> None:
    """Open a shell in the node, or in container NAME."""
    _enter(lab, name, ("/bin/bash",) if name else ("/bin/bash", "-i"))


def _enter(lab: LabOptions, name: str | None, words: tuple[str, ...]) -> None:
    """Become `words` inside the node's namespaces; does not return."""
    from homelab.operations.target.lab_view import container_argv, node_argv

    chosen = _existing(lab)
    require_root("entering the lab's namespaces")
    info = open_lab(chosen).info()
    argv = (
        node_argv(info, words, directory=Path.cwd())
        if name is None
        else container_argv(info, name, words)
    )
    os.execvpe(argv[0], argv, environment())  # noqa: S606  (an argv list; nothing is interpreted)


@lab.command()
@options.state
@click.argument("name", required=False)
@click.option("-n", "--lines", default=100, show_default=True, help="How many lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on as lines are added.")
@click.option("--console", is_flag=True, help="What NAME wrote to its console, not its journal.")
def logs(lab: LabOptions, name: str | None, lines: int, *, follow: bool, console: bool) -> int:
    """Show the server's log, or the journal of container NAME; of one that is off, its console."""
    from homelab.operations.target.lab_view import console_log, container_argv, runs

    more = ("-f",) if follow else ()
    chosen = _existing(lab)
    path = chosen.state / "server.log"
    if name is not None:
        info = open_lab(chosen).info()
        if not console and runs(info, name):
            require_root("entering the lab's namespaces")
            asked = ("journalctl", "--no-pager", "-n", str(lines), *more)
            return _shown(container_argv(info, name, asked))
        path = console_log(info, name)
    elif console:
        raise ConfigurationError(
            "no container was named", hint="write: homelab lab logs NAME --console"
        )
    if not path.is_file():
        raise ConfigurationError(f"there is no log at {path}", hint="run 'homelab lab up'")
    return _shown(("tail", "-n", str(lines), *more, str(path)))


def _shown(argv: tuple[str, ...]) -> int:
    """Print what a program says, line by line, until it ends or Ctrl-C ends both; its exit code."""
    try:
        return stream(argv, emit, expected=range(-64, 256))
    except KeyboardInterrupt:
        return INTERRUPTED


@lab.command()
@options.combined(options.state, options.as_json)
def images(lab: LabOptions, *, as_json: bool) -> None:
    """List templates and service images, and which of them are stand-ins."""
    from homelab.operations.target.lab_view import image_rows

    rows = image_rows(_existing(lab))
    _table(("image", "origin", "digest"), rows, as_json=as_json)


@lab.command()
@options.as_json
def capabilities(*, as_json: bool) -> None:
    """List what of PVE's API the lab serves, keeps only, or refuses and why, and who drove it."""
    from homelab.operations.target.lab_view import endpoint_rows

    _table(
        ("method", "path", "permission", "driven by", "effect"), endpoint_rows(), as_json=as_json
    )


def _table(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...], *, as_json: bool) -> None:
    if as_json:
        emit_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    shown = [tuple(map(one_line, row)) for row in (columns, *rows)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        emit("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

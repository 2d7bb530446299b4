"""The command group, and how errors become messages and exit codes."""

from __future__ import annotations

import errno
import io
import logging
import signal
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from types import FrameType
from typing import Any

import click

from homelab.cli.elevation import PROJECT, leave_to_owner
from homelab.cli.exit_code import INTERRUPTED
from homelab.cli.output import LogFormatter, abandon, fail, say
from homelab.errors import HomelabError
from homelab.private import keep_from_others

_COMMANDS = {
    "plan": ("homelab.cli.pipeline", "plan", "Show what Terraform would change."),
    "policy": ("homelab.cli.policy", "policy", "Judge the tree, or a plan, by the policy's rules."),
    "deploy": ("homelab.cli.pipeline", "deploy", "Plan, apply, configure, validate."),
    "destroy": ("homelab.cli.pipeline", "destroy", "Remove every container of the topology."),
    "probe": ("homelab.cli.pipeline", "probe", "Ask every service whether it is well."),
    "inventory": ("homelab.cli.pipeline", "inventory", "Print the Ansible inventory."),
    "doctor": ("homelab.cli.doctor", "doctor", "Say what this machine lacks; --fix installs it."),
    "lab": ("homelab.cli.lab", "lab", "The embedded Proxmox VE node."),
    "state": ("homelab.cli.state", "state", "Where Terraform's state is, and moving it."),
    "lock": ("homelab.cli.lock", "lock", "Who works on a target, and ending what hangs."),
    "lint": ("homelab.cli.scanning", "lint", "Look at the repository with well-kept tools."),
    "docs": ("homelab.cli.documentation", "docs", "Write the documentation from the model."),
    "modules": ("homelab.cli.documentation", "modules", "Test the Terraform modules."),
    "github": ("homelab.cli.github", "github", "Comments, issues and settings on GitHub."),
    "notify": ("homelab.cli.github", "notify", "Tell people through ntfy."),
    "parity": ("homelab.cli.parity", "parity", "Compare the lab with a real node."),
}


class _LazyGroup(click.Group):
    """Imports a command's module when the command is used, not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, name, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry[2]) for name, entry in _COMMANDS.items()])


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(version("homelab"), prog_name="homelab")
@click.pass_context
@click.option("-v", "--verbose", count=True, help="Log what is done; twice: everything.")
def app(ctx: click.Context, verbose: int) -> None:
    """Test a Proxmox homelab end to end, with real containers and without Proxmox.

    Exit codes: 0 fine, 1 error, 2 changes or drift, 130 interrupted.
    """
    ctx.call_on_close(lambda: leave_to_owner(ctx.meta.get(PROJECT)))
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter("%(relativeCreated)7.0fms %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])


def run(argv: Sequence[str]) -> int:
    """Run one command line; the exit code."""
    keep_from_others()
    try:
        signal.signal(signal.SIGTERM, _interrupt)
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # else nohup(1) has it ignored
            signal.signal(signal.SIGHUP, _interrupt)
        result: Any = app.main(args=list(argv), prog_name="homelab", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        say(shown.getvalue().rstrip("\n"))
        return 1
    except HomelabError as error:
        fail(error)
        return 1
    except (click.Abort, KeyboardInterrupt):
        say("interrupted; what was done so far is kept, the same command goes on from there")
        # An interrupt that passed through exec() of a text (a dataclass that is just made does
        # that) has marked `python -m` to end by SIGINT, caught or not; another one unmarks it.
        exec("")  # noqa: S102
        return INTERRUPTED
    except BrokenPipeError:
        abandon()  # else the interpreter complains once more at exit
        return 1
    except OSError as error:
        logging.getLogger(__name__).info("the system refused", exc_info=True)
        fail(HomelabError(f"the system refused: {error}", hint=_hint_for(error)))
        return 1
    return result if isinstance(result, int) else 0


def _hint_for(error: OSError) -> str:
    """What helps, by the kind of error."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "free space there; the same command goes on from what is done"
    return "the same command with -v shows where it happened"


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt

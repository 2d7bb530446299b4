"""Options that several commands share, each declared once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

target = click.option(
    "--target", metavar="NAME", help="A target of homelab.toml; default: its default_target (lab)."
)
PROJECT = "homelab.project"
"""Where a command's context keeps the project that was named, for what follows the command."""


def _remember(ctx: click.Context, _: click.Parameter, value: Path | None) -> Path | None:
    ctx.meta[PROJECT] = value
    return value


project = click.option(
    "--project",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    callback=_remember,
    help="The project's directory; default: upwards from the working directory.",
)
runtime = click.option(
    "--runtime",
    type=click.Choice(["auto", "lxc", "memory"]),
    help="How the lab runs containers: for real (lxc) or as state only (memory).",
)
listen = click.option("--listen", metavar="ADDRESS:PORT", help="Where the lab's API listens.")
state = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="The lab's state directory.",
)
images = click.option(
    "--images",
    type=click.Choice(["lab", "upstream"]),
    help="Service images: built in the lab, or pulled from their real registries.",
)
plain = click.option("--plain", is_flag=True, help="Lines instead of the live board.")
allow_delete = click.option(
    "--allow-delete",
    multiple=True,
    metavar="CONTAINER",
    help="A container that may be deleted or replaced on a target that is not the lab; repeatable.",
)
strict = click.option("--strict", is_flag=True, help="Count the policy's warnings as well.")


def duration(text: str) -> float:
    """A time span such as 90s, 10m, 1h30m or 2d, in seconds; a bare number is seconds."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = re.findall(r"(\d+)([smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise click.BadParameter(f"{text!r} is no time span such as 90s, 10m or 1h30m")
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)


_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

lock_timeout = click.option(
    "--lock-timeout",
    type=duration,
    default="10s",
    show_default=True,
    metavar="DURATION",
    help="How long to wait for others who work on the target, such as 10m; 0: not at all.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def combined(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order given."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate

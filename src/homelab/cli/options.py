"""Options that several commands share, each declared once."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import click

from homelab.cli.elevation import PROJECT
from homelab.options import declared
from homelab.options.lab import LabOptions
from homelab.options.option import Option, fields_of, options_of

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Command], Command]

FILE = click.Path(path_type=Path, dir_okay=False)
EXISTING_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


def _remember(ctx: click.Context, _: click.Parameter, value: Path | None) -> Path | None:
    ctx.meta[PROJECT] = value
    return value


def _help(option: Option) -> str:
    """What an option means, and where else it may be said."""
    places = {
        "homelab.toml": option.key,
        "environment": option.variable,
        "default": option.shown_default,
    }
    named = "; ".join(f"{place}: {value}" for place, value in places.items() if value)
    return f"{option.help} [{named}]"


def _type(kind: object, option: Option) -> click.ParamType[Any]:
    """How click reads a value of that type."""
    if get_origin(kind) is Literal:
        return click.Choice(get_args(kind))
    if kind is Path:
        return click.Path(path_type=Path, file_okay=not option.is_directory)
    if kind is int:
        return click.IntRange(option.least, option.most)
    if kind is float:
        return click.FloatRange(option.least, option.most)
    return click.STRING


def _option(option: Option, kind: click.ParamType[Any]) -> Decorator[Any]:
    if option.flag is None:
        raise ValueError(f"no option of the command line: {option.help}")
    return click.option(option.flag, type=kind, metavar=option.metavar, help=_help(option))


def lab(*names: str) -> Decorator[Any]:
    """The lab's options of those names; what they say is handed over together, as `lab`."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def with_lab(*arguments: Any, **values: Any) -> Any:
            said = LabOptions(**{name: values.pop(name) for name in names})
            return command(*arguments, lab=said, **values)

        decorated: Callable[..., Any] = with_lab
        for name in reversed(names):
            option = options_of(LabOptions)[name]
            decorated = _option(option, _type(fields_of(LabOptions)[name].kind, option))(decorated)
        return decorated

    return decorate


state = lab("state")
images = _option(declared.IMAGES, click.Choice(get_args(declared.ImagesChoice)))
target = _option(declared.TARGET, click.STRING)
project = click.option(
    "--project",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    callback=_remember,
    help=_help(declared.PROJECT),
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

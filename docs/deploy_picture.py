"""Draws docs/deploy.svg from a real deploy: run it as root, in the project's directory."""

# ruff: noqa: INP001  (a script, not a package)

from __future__ import annotations

import io
import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from homelab.cli.board import Board
from homelab.cli.summary import summary_lines
from homelab.operations.deploy import deploy

_PICTURE = Path(__file__).with_name("deploy.svg")
_FONTS = re.compile(r"@font-face \{\{.*?\}\}", re.DOTALL)


def main() -> None:
    """Deploy, then draw the board as it stood at the end, and the summary."""
    console = Console(width=118, height=50, file=io.StringIO(), force_terminal=False)
    with Board(console) as board:
        report = deploy(listener=board)
    canvas = Console(width=118, record=True, file=io.StringIO(), highlight=False)
    canvas.print("$ nox -s deploy", style="bold")
    canvas.print(board.render())
    canvas.print()
    for line in summary_lines(report):
        canvas.print(line, soft_wrap=False, no_wrap=True, overflow="ellipsis")
    svg = canvas.export_svg(title="homelab", code_format=_FONTS.sub("", CONSOLE_SVG_FORMAT))
    _PICTURE.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()

"""The little Markdown that generated pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOTICE = "<!-- Written by `nox -s docs` from terraform/; a change made here is lost. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, right: str = "") -> list[str]:
    """A table; `right` names the columns whose cells are numbers, separated by commas."""
    numbers = {name.strip() for name in right.split(",")}
    marks = ["---:" if name in numbers else "---" for name in head]
    return [_row(head), _row(marks), *(_row(row) for row in rows), ""]


def code(text: str, language: str) -> list[str]:
    return [f"```{language}", *text.splitlines(), "```", ""]


def _row(cells: Sequence[object]) -> str:
    texts = (str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(texts)} |"

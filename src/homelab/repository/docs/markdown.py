"""The little Markdown that generated pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from homelab.escaping import Markdown, markdown_block, markdown_row

NOTICE = "<!-- Written by `nox -s docs` from terraform/; a change made here is lost. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, right: str = "") -> list[str]:
    """A table; `right` names the columns whose cells are numbers, separated by commas.

    A cell that is not `Markdown` is text, which nobody reads as more.
    """
    numbers = {name.strip() for name in right.split(",")}
    marks = [Markdown("---:" if name in numbers else "---") for name in head]
    texts = (map(_text, row) for row in (head, marks, *rows))
    return [*map(markdown_row, texts), ""]


def code(text: str, language: str) -> list[str]:
    return [*markdown_block(text.rstrip("\n").split("\n"), language), ""]


def _text(cell: object) -> str:
    return cell if isinstance(cell, str) else str(cell)

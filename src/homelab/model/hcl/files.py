"""One HCL file: its values by pygohcl, and its tree with lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from homelab.model.hcl.tree import Block, Node, duplicates, parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DIAGNOSTIC = re.compile(r"tmp\.hcl:(\d+),\d+(?:-(?:\d+,)?\d+)?: ")


class HclSyntaxError(Exception):
    """A file is not HCL; `problems` are its errors, each with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, kw_only=True)
class HclFile:
    """A parsed file; its tree is made when it is first asked for."""

    path: Path
    values: Mapping[str, Any]
    source: str

    @property
    def body(self) -> Node:
        """Its own attributes."""
        return self._tree[0]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Its blocks."""
        return self._tree[1]

    @cached_property
    def _tree(self) -> tuple[Node, tuple[Block, ...]]:
        return parse(self.source)

    def place(self, line: int) -> str:
        """A line of the file, as messages name it."""
        return f"{self.path}:{line}"

    def duplicates(self) -> list[str]:
        """A message for each key that one object or block holds twice."""
        roots = [self.body, *(block.body for block in self.blocks)]
        return [
            f"{self.place(later.line)}: key {later.key!r} is there twice (see"
            f" {self.place(first.line)})"
            for root in roots
            for later, first in duplicates(root)
        ]


def read_file(path: Path) -> HclFile:
    """Read and parse one file.

    Raises:
        HclSyntaxError: it is not text, or not HCL.
    """
    import pygohcl

    try:
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        line = path.read_bytes()[: exc.start].count(b"\n") + 1
        raise HclSyntaxError([f"{path}:{line}: the file is not UTF-8 text"]) from exc
    except OSError as exc:
        raise HclSyntaxError([f"{path}:1: the file cannot be read: {exc.strerror}"]) from exc
    if "\0" in source:
        line = source.count("\n", 0, source.index("\0")) + 1
        raise HclSyntaxError([f"{path}:{line}: the file contains a NUL character"])
    try:
        values = pygohcl.loads(source)
    except pygohcl.HCLParseError as exc:
        raise HclSyntaxError(_diagnostics(path, str(exc))) from exc
    return HclFile(path=path, values=values, source=source)


def _diagnostics(path: Path, text: str) -> list[str]:
    parts = _DIAGNOSTIC.split(text.removeprefix("invalid HCL: "))
    found = [
        f"{path}:{line}: {message.rstrip(', ')}"
        for line, message in zip(parts[1::2], parts[2::2], strict=False)
    ]
    return found or [f"{path}:1: {text}"]

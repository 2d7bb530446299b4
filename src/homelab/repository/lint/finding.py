"""What a tool found, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is, in SARIF's words."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a tool does not like; every level fails the check."""

    rule: str
    message: str
    path: str | None = None
    """Relative to the project, with forward slashes; None where it is about the whole."""
    line: int | None = None
    """From 1."""
    level: Level = Level.ERROR

    @property
    def place(self) -> str:
        """The file and the line, as editors understand it."""
        if self.path is None:
            return "(project)"
        return self.path if self.line is None else f"{self.path}:{self.line}"

    def __str__(self) -> str:
        return f"{self.place}: {self.message} [{self.rule}]"

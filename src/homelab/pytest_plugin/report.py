"""A test's report without what a terminal would obey: others wrote much of what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from homelab.escaping import terminal


def made_printable(report: pytest.TestReport) -> None:
    """Write out control characters in what a test raised and printed, wherever that is shown."""
    report.longrepr = _printable(report.longrepr)
    report.sections = [(name, terminal(text)) for name, text in report.sections]


def _printable(shown: Any) -> Any:
    """A representation of an error, as pytest makes them of dataclasses, sequences and text."""
    if isinstance(shown, str):
        return terminal(shown)
    if is_dataclass(shown) and not isinstance(shown, type):
        for one in fields(shown):
            setattr(shown, one.name, _printable(getattr(shown, one.name)))
    if isinstance(shown, Sequence):
        made = [_printable(one) for one in shown]
        return tuple(made) if isinstance(shown, tuple) else made
    return shown

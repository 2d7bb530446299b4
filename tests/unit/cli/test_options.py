from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.cli.lab import up
from homelab.cli.options import duration
from homelab.options.lab import LabOptions
from homelab.options.option import options_of


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_parts_add_up(days: int, hours: int, minutes: int, seconds: int) -> None:
    text = f"{days}d{hours}h{minutes}m{seconds}s"

    assert duration(text) == ((days * 24 + hours) * 60 + minutes) * 60 + seconds


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("90", 90), ("1.5", 1.5), ("10m", 600)])
def test_one_number(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "10 m", "1h30", "-5s", "ten", "5w"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no time span"):
        duration(text)


@pytest.mark.parametrize("name", options_of(LabOptions))
def test_help_names_the_other_places(name: str) -> None:
    option = options_of(LabOptions)[name]

    (shown,) = [one for one in up.params if isinstance(one, click.Option) and one.name == name]

    assert shown.opts == [option.flag]
    for place in (option.key, option.variable, option.shown_default):
        assert not place or place in str(shown.help)

"""Options are declared once; who says one first is heard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest

from homelab.options import declared
from homelab.options.lab import LabOptions, LabSettings
from homelab.options.option import Option, fields_of, options_of, ranked, said
from homelab.settings import Environment, LabTarget, ProxmoxTarget

_ALL = {name: option for name, option in vars(declared).items() if isinstance(option, Option)}


@pytest.mark.parametrize(
    ("sources", "listen"),
    [
        (("1:1", "2:2", "3:3"), "1:1"),
        ((None, "2:2", "3:3"), "2:2"),
        (("", None, "3:3"), "3:3"),
        ((None, None, None), "127.0.0.1:8006"),
    ],
)
def test_the_first_that_says_something_is_heard(
    sources: tuple[str | None, str | None, str | None], listen: str
) -> None:
    flags, environment, file = sources
    place = ranked(
        LabSettings,
        LabOptions(listen=flags, state=Path("/x")),
        Environment(lab_address=environment),
        LabTarget(kind="lab", listen=file),
    )

    assert place == LabSettings(runtime="auto", listen=listen, state=Path("/x"))


def test_zero_is_something_said() -> None:
    place = ranked(LabSettings, LabOptions(resources_lag=0.0), LabOptions(resources_lag=2.0))

    assert place.resources_lag == 0.0


def test_a_source_without_the_option_says_nothing() -> None:
    assert said(LabTarget(kind="lab"), declared.API_URL) is None


def test_a_field_is_known_without_none_and_notes() -> None:
    @dataclass
    class Known:
        port: Annotated[int | None, "some note"] = None

    assert fields_of(LabOptions)["state"].kind is Path
    assert options_of(Known) == {}


@pytest.mark.parametrize("place", ["flag", "variable", "key"])
def test_no_two_options_have_the_same_name(place: str) -> None:
    names = [name for option in _ALL.values() if (name := getattr(option, place)) is not None]

    assert sorted(set(names)) == sorted(names)


def test_variables_are_read_where_they_are_declared() -> None:
    read = {option.variable for option in options_of(Environment).values()}

    assert read == {option.variable for option in _ALL.values()} - {None}


@pytest.mark.parametrize(("section", "place"), [(LabTarget, "lab"), (ProxmoxTarget, "NAME")])
def test_keys_are_those_of_the_settings_file(section: type, place: str) -> None:
    begin = f"targets.{place}."
    keys = {option.key for option in _ALL.values() if (option.key or "").startswith(begin)}

    assert keys == {f"{begin}{name}" for name in section.model_fields if name != "kind"}
    assert all(option.key == begin + name for name, option in options_of(section).items())


@pytest.mark.parametrize("section", [LabTarget, ProxmoxTarget])
def test_defaults_of_a_section_are_those_declared(section: type) -> None:
    made = section(kind="lab" if section is LabTarget else "proxmox")

    for name, option in options_of(section).items():
        assert getattr(made, name) in (option.default, None, False), name

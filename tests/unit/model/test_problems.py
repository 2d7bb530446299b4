from __future__ import annotations

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from homelab.errors import TopologyError
from homelab.model.problems import from_pydantic, raise_problems


class _Port(BaseModel):
    model_config = ConfigDict(extra="forbid")
    port: int


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    memory: int
    ports: list[_Port] = []


def _said(**values: object) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(ValidationError) as caught:
        _Entry.model_validate(values)
    names = {"": ("memory", "ports"), "ports": ("port",)}
    return list(from_pydantic(caught.value, names=names, subject="plex"))


def test_each_complaint_has_its_place_and_the_words_of_the_topology() -> None:
    assert _said(memory="x", ports=[{"port": 1}, {"prot": 2}]) == [
        (
            ("memory",),
            (
                "plex: memory is 'x': input should be a valid integer, "
                "unable to parse string as an integer"
            ),
        ),
        (("ports", 1), "plex: attribute 'ports.1.port' is missing"),
        (("ports", 1, "prot"), "plex: unknown attribute 'ports.1.prot'; did you mean 'port'?"),
    ]


def test_a_long_value_is_cut() -> None:
    ((_, said),) = _said(memory="x" * 500)
    assert len(said) < 200


def test_problems_are_one_error_in_the_order_of_the_lines() -> None:
    raise_problems([])
    with pytest.raises(TopologyError) as caught:
        raise_problems(["b.tf:2: one", "a.tf:10: two", "a.tf:9: three", "a.tf:9: three"])
    lines = str(caught.value).splitlines()[1:4]
    assert [line.strip() for line in lines] == ["a.tf:9: three", "a.tf:10: two", "b.tf:2: one"]

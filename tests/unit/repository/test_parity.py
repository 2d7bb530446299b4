from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.errors import ApiError, ConfigurationError
from homelab.repository.parity import Recording, check, record
from homelab.repository.shapes import differences, merged, shape_of

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(_VALUES)
def test_nothing_differs_from_itself(value) -> None:
    assert differences(shape_of(value), shape_of(value)) == []


@given(_VALUES, _VALUES)
def test_each_of_two_fits_what_both_have_in_common(one, other) -> None:
    common = merged(shape_of(one), shape_of(other))
    assert differences(common, shape_of(one)) == []
    assert differences(common, shape_of(other)) == []


@given(_VALUES)
def test_a_shape_has_no_values(value) -> None:
    marked = json.loads(json.dumps(value).replace("null", '"a secret"'))
    assert "a secret" not in json.dumps(shape_of(marked))


def test_what_is_missing_and_what_is_of_another_type_are_told() -> None:
    recorded = shape_of([{"vmid": 100, "name": "web"}, {"vmid": 101}])
    assert differences(recorded, shape_of([{"vmid": "100"}])) == [
        "[].vmid is string, and was number"
    ]
    assert differences(recorded, shape_of([{"name": "web"}])) == ["[].vmid is missing"]
    assert differences(recorded, shape_of([{"vmid": 1, "more": 1}])) == []


class _Guest:
    vmid, node, status = 201, "node1", "running"


class _Node:
    """Answers GET and nothing else."""

    def __init__(self, *, vmid: object = 201, reason: str = "no such thing") -> None:
        self._vmid = vmid
        self._reason = reason
        self.asked: list[str] = []

    def version(self) -> str:
        return "9.1.1"

    def nodes(self) -> tuple[str, ...]:
        return ("node1",)

    def containers(self) -> tuple[object, ...]:
        return (_Guest(),)

    def get(self, path: str) -> object:
        self.asked.append(path)
        if "999999998" in path or "no-such" in path:
            raise ApiError(500, self._reason, request=path)
        return [{"vmid": self._vmid, "secret": "hunter2"}]


def test_a_recording_keeps_no_values_and_compares(tmp_path) -> None:
    node = _Node(reason="Configuration file 'nodes/node1/lxc/999999998.conf' does not exist")
    recording = record(node)
    recording.save(tmp_path / "r.json")
    text = (tmp_path / "r.json").read_text()
    assert "hunter2" not in text
    assert "node1" not in text
    kept = Recording.load(tmp_path / "r.json")
    assert check(node, kept).problems == ()
    worse = check(_Node(vmid="201", reason="other"), kept).problems
    assert "/version: [].vmid is string, and was number" in worse
    assert any("500 other, and was 500 Configuration file" in problem for problem in worse)


def test_the_recording_that_ships_says_that_it_is_from_documentation() -> None:
    assert Recording.load().source == "documented"


def test_a_damaged_recording_is_said(tmp_path) -> None:
    (tmp_path / "r.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="is damaged"):
        Recording.load(tmp_path / "r.json")

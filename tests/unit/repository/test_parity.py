from __future__ import annotations

import pytest

from homelab.errors import ApiError, ConfigurationError
from homelab.repository.parity import Recording, check, record


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

from __future__ import annotations

import json
from pathlib import Path

import pytest

from homelab.pytest_plugin import guest_script
from homelab.pytest_plugin.guest import Answer, GuestFacts


def test_script_s_answer_is_what_the_facts_expect() -> None:
    said = json.dumps(guest_script.gather(["/", "/no-such-mount"]))

    facts = GuestFacts.model_validate_json(said)

    assert [mount.path for mount in facts.mounts] == ["/"]
    assert facts.mounts[0].size > 0
    assert Answer.model_validate_json(Answer(facts=facts).model_dump_json()).facts == facts


def test_missing_docker_is_part_of_the_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(guest_script, "DOCKER_SOCKET", str(tmp_path / "none"))

    assert guest_script.docker() == {
        "error": "FileNotFoundError: [Errno 2] No such file or directory",
        "containers": [],
    }

from __future__ import annotations

import json
import os
from pathlib import Path

from homelab.errors import ConfigurationError
from homelab.lab import Lab
from homelab.lab.server import __main__ as daemon


def test_a_start_that_failed_is_reported_and_nothing_more() -> None:
    reader, writer = os.pipe()
    reporter = daemon._Reporter(writer)
    daemon._failed(ConfigurationError("port 1 is in use", hint="choose another"), reporter)
    with os.fdopen(reader, encoding="utf-8") as pipe:
        assert reporter._pipe.closed
        assert json.loads(pipe.read()) == {
            "error": "ConfigurationError",
            "message": "port 1 is in use",
            "hint": "choose another",
        }


def test_server_starts_without_a_word_in_its_log_that_is_not_its_own(tmp_path: Path) -> None:
    with Lab(state=tmp_path / "lab", runtime="memory", listen="127.0.0.1:0") as lab:
        log = lab.state_dir / "server.log"

    lines = log.read_text(encoding="utf-8").splitlines()
    assert lines
    assert not [line for line in lines if " INFO " not in line]

from __future__ import annotations

import json
import os

from homelab.errors import ConfigurationError
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

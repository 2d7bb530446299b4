from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from homelab.clients.terraform.local_lock import info_file, local_lock

_HOLD = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


def test_holder_is_found_as_long_as_it_lives(tmp_path: Path) -> None:
    state = tmp_path / "terraform.tfstate"
    state.write_text("{}")
    info = {
        "Operation": "OperationTypeApply",
        "Who": "me@pc",
        "Created": "2026-01-02T03:04:05.123456789Z",
    }
    info_file(state).write_text(json.dumps(info))
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        found = local_lock(state)
        child.kill()

    assert found is not None
    assert (found.pid, found.who, found.operation) == (child.pid, "me@pc", "apply")
    assert found.since is not None
    assert found.since.isoformat() == "2026-01-02T03:04:05+00:00"
    assert local_lock(state) is None  # though what it wrote about itself is still there


def test_no_state_and_no_description(tmp_path: Path) -> None:
    assert local_lock(tmp_path / "terraform.tfstate") is None

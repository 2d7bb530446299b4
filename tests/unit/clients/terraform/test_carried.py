from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from homelab.process import environment

_TERRAFORM = (sys.executable, "-P", "-m", "homelab.clients.terraform.carried")


def _run(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*_TERRAFORM, *words),
        cwd=directory,
        env=environment({"CHECKPOINT_DISABLE": "1"}),
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_ends_and_speaks_as_terraform_does(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("locals{\na=1\n}\n")
    version = _run(tmp_path, "version", "-json")
    assert version.returncode == 0
    assert json.loads(version.stdout)["terraform_version"]
    unformatted = _run(tmp_path, "fmt", "-check")
    assert (unformatted.returncode, unformatted.stdout) == (3, "main.tf\n")
    assert _run(tmp_path, "no-such-command").returncode == 1

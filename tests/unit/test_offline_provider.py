"""The filesystem mirror: the same package everywhere, and a script that finds its interpreter."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from homelab.offline_provider import (
    ADDRESS,
    EXECUTABLE,
    VERSION,
    architecture,
    package_hash,
    serves_offline,
    write_mirror,
)


def package(mirror: Path) -> Path:
    return mirror / ADDRESS / VERSION / f"linux_{architecture()}"


def test_the_package_is_the_same_wherever_it_is_written(tmp_path: Path) -> None:
    write_mirror(tmp_path / "one")
    write_mirror(tmp_path / "two two")
    texts = {(package(tmp_path / name) / EXECUTABLE).read_text() for name in ("one", "two two")}
    assert len(texts) == 1


def test_the_packages_hash_does_not_change_by_accident() -> None:
    # It lands in people's .terraform.lock.hcl; a new one makes every one of them run init again.
    assert package_hash() == "h1:uoJ5kSoHxzEAZFkFdfutANYnjt3iCj4Vb1lOoN/tskU="


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    config = write_mirror(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert write_mirror(tmp_path) == config
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_the_config_file_is_known_as_ours(tmp_path: Path) -> None:
    assert serves_offline(str(write_mirror(tmp_path)))
    other = tmp_path / "other.rc"
    other.write_text("provider_installation {}")
    assert not serves_offline(str(other))
    assert not serves_offline(None)


def test_the_executable_runs_the_provider_through_a_link(tmp_path: Path) -> None:
    write_mirror(tmp_path / "a mirror")
    link = tmp_path / "link"
    link.symlink_to(package(tmp_path / "a mirror"))
    environment = {
        key: value for key, value in os.environ.items() if key != "TF_PLUGIN_MAGIC_COOKIE"
    }
    done = subprocess.run(
        [link / EXECUTABLE], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 1
    assert "plugin for Terraform" in done.stderr

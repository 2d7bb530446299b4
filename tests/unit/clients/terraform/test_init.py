"""When init has to run again."""

from __future__ import annotations

from pathlib import Path

import pytest

from homelab.clients.terraform.init import is_initialised, mark_initialised

KEY = ("terraform", "")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "modules").mkdir()
    (tmp_path / "main.tf").write_text("a")
    (tmp_path / "modules" / "x.tf").write_text("b")
    package = tmp_path / ".terraform/providers/registry.terraform.io/telmate/proxmox/1/linux_amd64"
    package.mkdir(parents=True)
    mark_initialised(tmp_path, tmp_path / ".terraform", KEY)
    return tmp_path


def initialised(directory: Path, key: tuple[str, ...] = KEY) -> bool:
    return is_initialised(directory, directory / ".terraform", key)


def test_nothing_changed(directory: Path) -> None:
    assert initialised(directory)


def test_never_initialised(tmp_path: Path) -> None:
    assert not is_initialised(tmp_path, tmp_path / ".terraform", KEY)


def test_a_module_changed(directory: Path) -> None:
    (directory / "modules" / "x.tf").write_text("c")
    assert not initialised(directory)


def test_a_file_was_added_or_removed(directory: Path) -> None:
    (directory / "new.tf").write_text("")
    assert not initialised(directory)
    (directory / "new.tf").unlink()
    assert initialised(directory)
    (directory / "main.tf").unlink()
    assert not initialised(directory)


def test_another_terraform_or_mirror(directory: Path) -> None:
    assert not initialised(directory, ("other", ""))
    mirror = directory / "mirror.rc"
    mirror.write_text("x")
    assert not initialised(directory, ("terraform", str(mirror)))


def test_the_lock_file_changed(directory: Path) -> None:
    (directory / ".terraform.lock.hcl").write_text("x")
    assert not initialised(directory)


def test_the_mirror_is_gone(directory: Path) -> None:
    providers = directory / ".terraform/providers/registry.terraform.io/telmate/proxmox/1"
    (providers / "linux_amd64").rmdir()
    (providers / "linux_amd64").symlink_to(directory / "gone")
    assert not initialised(directory)

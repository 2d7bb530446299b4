from __future__ import annotations

import json
from pathlib import Path

import pytest

from homelab.clients.terraform.directory import carry_lock_file, lay_out
from homelab.clients.terraform.init import is_initialised, mark_initialised


@pytest.fixture
def source(tmp_path: Path) -> Path:
    directory = tmp_path / "terraform"
    (directory / "modules" / "x").mkdir(parents=True)
    (directory / ".terraform").mkdir()
    (directory / "main.tf").write_text("a")
    (directory / "modules" / "x" / "main.tf").write_text("b")
    (directory / ".terraform" / "hidden.tf").write_text("c")
    (directory / "terraform.tfstate").write_text("{}")
    (directory / ".terraform.lock.hcl").write_text("lock")
    return directory


def _lay_out(source: Path, schema: str = "homelab", **variables: str) -> Path:
    place = source.parent / "build" / "remote" / "production"
    lay_out(source, place, schema=schema, variables=variables)
    return place


def _files(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


def test_configuration_is_linked_and_the_rest_is_the_targets_own(source: Path) -> None:
    place = _lay_out(source, storage="zfs")

    assert _files(place) == {
        "main.tf",
        "modules/x/main.tf",
        "backend.tf",
        "homelab.auto.tfvars.json",
        ".terraform.lock.hcl",
    }
    assert (place / "modules/x/main.tf").resolve() == source / "modules/x/main.tf"
    assert 'backend "pg"' in (place / "backend.tf").read_text()
    assert 'schema_name = "homelab"' in (place / "backend.tf").read_text()
    assert json.loads((place / "homelab.auto.tfvars.json").read_text()) == {"storage": "zfs"}


def test_project_can_be_moved(source: Path, tmp_path: Path) -> None:
    place = _lay_out(source)
    moved = tmp_path.parent / f"{tmp_path.name}-moved"
    tmp_path.rename(moved)

    assert (moved / place.relative_to(tmp_path) / "main.tf").read_text() == "a"


def test_again_changes_nothing_and_what_went_is_gone(source: Path) -> None:
    place = _lay_out(source)
    before = {path: path.lstat().st_mtime_ns for path in place.rglob("*")}
    _lay_out(source)
    assert {path: path.lstat().st_mtime_ns for path in place.rglob("*")} == before

    (source / "modules/x/main.tf").rename(source / "modules/x/other.tf")
    _lay_out(source)

    assert "modules/x/other.tf" in _files(place)
    assert not (place / "modules/x/main.tf").is_symlink()


def test_edit_of_a_module_asks_for_another_init(source: Path) -> None:
    place = _lay_out(source)
    (place / ".terraform/providers/registry/a/b/1/linux").mkdir(parents=True)
    mark_initialised(place, place / ".terraform", ("terraform",))
    assert is_initialised(place, place / ".terraform", ("terraform",))

    (source / "modules/x/main.tf").write_text("other")

    assert not is_initialised(place, place / ".terraform", ("terraform",))


def test_lock_file_is_carried_both_ways(source: Path) -> None:
    place = _lay_out(source)
    (place / ".terraform.lock.hcl").write_text("newer")

    carry_lock_file(place, source)

    assert (source / ".terraform.lock.hcl").read_text() == "newer"

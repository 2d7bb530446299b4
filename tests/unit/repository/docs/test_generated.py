"""Pages are written from the model, are the same each time, and are current here."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from homelab.repository.docs.generated import PAGE, stale_pages, write_pages
from homelab.settings import Settings, load

ROOT = Path(__file__).parents[4]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A project with no page yet."""
    left_out = shutil.ignore_patterns(".terraform*", "terraform.tfstate*", "README.md")
    shutil.copytree(ROOT / "terraform", tmp_path / "terraform", ignore=left_out)
    return load(tmp_path)


def test_pages_of_this_project_are_current() -> None:
    assert stale_pages(load(ROOT)) == ()


def test_pages_are_written_once(settings: Settings) -> None:
    assert PAGE in write_pages(settings)
    assert write_pages(settings) == ()
    assert stale_pages(settings) == ()


def test_changed_entry_makes_pages_stale(settings: Settings) -> None:
    write_pages(settings)
    path = settings.project / "terraform/containers/media-stack.tf"
    path.write_text(path.read_text().replace("memory       = 4096", "memory       = 6144", 1))

    assert PAGE in stale_pages(settings)

"""The lock file keeps both origins of a provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from homelab.clients.terraform.lock import LOCK_FILE, allow, forget

ADDRESS = "registry.terraform.io/telmate/proxmox"
OTHER = """\
provider "registry.terraform.io/hashicorp/null" {
  version = "3.2.3"
  hashes = [
    "h1:null=",
  ]
}
"""


def lock(*hashes: str) -> str:
    listing = "".join(f'    "{item}",\n' for item in hashes)
    return (
        f'# comment\n\nprovider "{ADDRESS}" {{\n  version     = "3.0.2-rc07"\n'
        f'  constraints = "3.0.2-rc07"\n  hashes = [\n{listing}  ]\n}}\n\n{OTHER}'
    )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path


def test_ours_is_added_to_the_registrys(directory: Path) -> None:
    (directory / LOCK_FILE).write_text(lock("h1:registry=", "zh:abc"))
    assert allow(directory, ADDRESS, "h1:ours=")
    assert (directory / LOCK_FILE).read_text() == lock("h1:ours=", "h1:registry=", "zh:abc")
    assert not allow(directory, ADDRESS, "h1:ours=")


def test_a_provider_that_only_the_mirror_had_is_forgotten(directory: Path) -> None:
    (directory / LOCK_FILE).write_text(lock("h1:ours="))
    assert forget(directory, ADDRESS, "h1:ours=")
    text = (directory / LOCK_FILE).read_text()
    assert ADDRESS not in text
    assert OTHER in text


def test_a_provider_that_the_registry_has_is_kept(directory: Path) -> None:
    (directory / LOCK_FILE).write_text(lock("h1:ours=", "zh:abc"))
    assert not forget(directory, ADDRESS, "h1:ours=")


def test_no_lock_file_is_none_of_our_business(directory: Path) -> None:
    assert not allow(directory, ADDRESS, "h1:ours=")
    assert not forget(directory, ADDRESS, "h1:ours=")
    assert not (directory / LOCK_FILE).exists()

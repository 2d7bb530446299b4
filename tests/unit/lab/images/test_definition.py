from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from homelab.errors import ConfigurationError
from homelab.lab.images.definition import load_definitions

ROOT = Path(__file__).parents[4]


BASE = """
name = "a_1.0_amd64.tar.zst"
suite = "trixie"
packages = ["systemd"]
"""


CHILD = """
name = "b_1.0_amd64.tar.zst"
base = "debian-a"
packages = ["docker.io"]
"""


def write(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        (directory / f"debian-{name}.toml").write_text(text)
    return directory


def test_the_projects_definitions_load_and_are_in_build_order():
    standard, homelab = load_definitions()
    assert standard.name == "debian-13-standard_13.0_amd64.tar.zst"
    assert homelab.name == "debian-13-homelab_13.0_amd64.tar.zst"
    assert homelab.base == standard.key


def test_a_definition_after_its_base_whatever_their_names(tmp_path):
    write(tmp_path, z=BASE, a=CHILD.replace("debian-a", "debian-z"))
    assert [d.key for d in load_definitions(tmp_path)] == ["debian-z", "debian-a"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no template definition"),
        ({"a": CHILD}, "no such base template"),
        ({"a": BASE + 'base = "debian-b"\n'}, "either 'suite' or 'base'"),
        ({"a": BASE + "typo = 1\n"}, "typo"),
        ({"a": "name = "}, "debian-a.toml"),
    ],
)
def test_a_wrong_definition_is_one_error_with_its_file(tmp_path, files, said):
    with pytest.raises(ConfigurationError, match=said):
        load_definitions(write(tmp_path, **files))


def test_the_digest_follows_the_content_and_the_base(tmp_path):
    base, child = load_definitions(write(tmp_path, a=BASE, b=CHILD))
    assert (
        base.digest()
        != load_definitions(write(tmp_path, a=BASE.replace("systemd", "sysvinit")))[0].digest()
    )
    assert child.digest("one") != child.digest("two")
    assert child.digest("one") == child.digest("one")


def test_what_ansible_writes_too_is_what_it_writes():
    """A first run of Ansible must not restart sshd, journald or Docker in 28 containers."""
    baked = {
        file.path: file.content.removeprefix("\n") for d in load_definitions() for file in d.file
    }
    base = ROOT / "ansible/roles/base/files"
    assert baked["etc/ssh/sshd_config.d/20-homelab.conf"] == (base / "sshd.conf").read_text()
    assert (
        baked["etc/systemd/journald.conf.d/20-homelab.conf"] == (base / "journald.conf").read_text()
    )
    role = yaml.safe_load((ROOT / "ansible/roles/docker/defaults/main.yml").read_text())
    daemon = {**role["docker_daemon"], "insecure-registries": ["10.10.0.1:5000"]}
    assert baked["etc/docker/daemon.json"] == json.dumps(daemon, indent=2, sort_keys=True) + "\n"

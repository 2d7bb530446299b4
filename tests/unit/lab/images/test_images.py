from __future__ import annotations

import json
import os
import stat
import struct
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from homelab.errors import CapabilityError, ConfigurationError
from homelab.lab.images import build, cache
from homelab.lab.images.definition import load_definitions
from homelab.lab.images.ownership import ID_BASE, shift_tree, shifted_file_capability

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


@given(flags=st.integers(0, 1), words=st.lists(st.integers(0, 2**32 - 1), min_size=4, max_size=4))
def test_a_file_capability_gets_the_namespaces_root_and_keeps_the_rest(flags, words):
    before = struct.pack("<5I", 0x02000000 | flags, *words)
    magic, *rest = struct.unpack("<6I", shifted_file_capability(before))
    assert magic == 0x03000000 | flags
    assert rest == [*words, ID_BASE]
    assert shifted_file_capability(shifted_file_capability(before)) == shifted_file_capability(
        before
    )


def test_shifting_adds_to_owners_once_and_keeps_setuid(tmp_path, monkeypatch):
    program = tmp_path / "sudo"
    program.write_text("")
    program.chmod(0o4755)
    os.link(program, tmp_path / "sudoedit")
    (tmp_path / "link").symlink_to("nowhere")
    owners: list[tuple[str, int]] = []

    def lchown(path: Path, uid: int, _gid: int) -> None:
        owners.append((path.name, uid))
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o6000)  # as the kernel does

    monkeypatch.setattr(os, "lchown", lchown)
    assert shift_tree(tmp_path, 100_000) == 3
    assert len(owners) == 3
    assert {uid for _, uid in owners} == {os.getuid() + 100_000}
    assert stat.S_IMODE(program.stat().st_mode) == 0o4755


def test_a_full_disk_is_said_before_a_build_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(build.shutil, "disk_usage", lambda _: SimpleNamespace(free=5 << 20))
    with pytest.raises(CapabilityError, match=r"5 MiB free.*needs 2048 MiB"):
        build.check_space(tmp_path)


def test_a_failed_build_leaves_nothing_and_the_next_one_succeeds(tmp_path, monkeypatch):
    definitions = tmp_path / "definitions"
    definitions.mkdir()
    write(definitions, a=BASE, b=CHILD)
    said: list[str] = []

    def failing(*_, **__):
        raise CapabilityError("no space left")

    def working(definition, target, *, bases, on_line):
        target.mkdir()
        (target / "file").write_text(f"{definition.key} on {len(bases)}")

    monkeypatch.setattr(cache.os, "geteuid", lambda: 0)
    monkeypatch.setattr(cache, "build_tree", failing)
    with pytest.raises(CapabilityError):
        cache.ensure_templates(tmp_path, on_line=said.append, definitions=definitions)
    assert [path.name for path in (tmp_path / "templates").iterdir()] == [".lock"]

    monkeypatch.setattr(cache, "build_tree", working)
    built = cache.ensure_templates(tmp_path, on_line=said.append, definitions=definitions)
    child = built["b_1.0_amd64.tar.zst"]
    assert [layer.parent.name.rpartition("-")[0] for layer in child.layers] == [
        "debian-b",
        "debian-a",
    ]
    assert child.size == len("debian-a on 0") + len("debian-b on 1")

    monkeypatch.setattr(cache, "build_tree", failing)  # everything is cached: not called
    said.clear()
    assert cache.ensure_templates(tmp_path, on_line=said.append, definitions=definitions) == built
    assert said == []


def test_building_without_root_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(cache.os, "geteuid", lambda: 1000)
    with pytest.raises(CapabilityError, match="needs root"):
        cache.ensure_templates(tmp_path, on_line=print)

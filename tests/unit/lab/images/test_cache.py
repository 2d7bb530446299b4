from __future__ import annotations

from pathlib import Path

import pytest

from homelab.errors import CapabilityError
from homelab.lab.images import cache

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

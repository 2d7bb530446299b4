from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from homelab.errors import CapabilityError
from homelab.lab.registry import layers as layers_module
from homelab.lab.registry.layers import LayerCache, PackageLayer
from homelab.lab.registry.oci import BlobStore


def test_the_shells_layer_has_busybox_under_all_its_names(tmp_path, packages):
    store = BlobStore(tmp_path)
    cache = LayerCache(tmp_path / "layers", store, "trixie", templates=tmp_path)
    cache.ensure(["busybox-static"], print)
    assert isinstance(cache.get("busybox-static"), PackageLayer)
    with tarfile.open(store.path(cache.shell("busybox-static").digest)) as layer:
        names = set(layer.getnames())
        assert {"bin", "usr/bin/sh", "usr/bin/wget", "usr/bin/stand-in", "etc/passwd"} <= names
        assert layer.getmember("tmp").mode == 0o1777


def test_packages_come_from_where_the_templates_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers_module, "keyring", lambda: Path("debian.gpg"))
    with pytest.raises(CapabilityError, match="no container template of trixie"):
        layers_module.archive_of(tmp_path, "trixie")
    listing = tmp_path / "debian-13-standard-0" / "rootfs" / "etc" / "apt" / "sources.list"
    listing.parent.mkdir(parents=True)
    listing.write_text(
        "deb http://mirror.test/debian trixie-updates main\n"
        "deb http://mirror.test/debian trixie main\n"
    )

    line = layers_module.archive_of(tmp_path, "trixie")

    assert line == "deb [signed-by=debian.gpg] http://mirror.test/debian trixie main\n"

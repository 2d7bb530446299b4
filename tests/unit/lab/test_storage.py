from __future__ import annotations

import os

import pytest

from homelab.lab import storage
from homelab.lab.images.ownership import ID_BASE
from homelab.lab.runtime import RuntimeFailureError
from homelab.lab.storage import Storage


@pytest.fixture
def owners(monkeypatch):
    seen: dict[str, int] = {}
    monkeypatch.setattr(storage.os, "chown", lambda path, uid, _: seen.update({path.name: uid}))
    return seen


def test_volumes_have_a_directory_each(tmp_path):
    volumes = Storage(tmp_path)
    assert volumes.path("local-zfs:subvol-201-disk-0") == tmp_path / "local-zfs/subvol-201-disk-0"


@pytest.mark.parametrize("volid", ["/srv/host", "local:../x", "local:", "a b:c", "local:a/b", ""])
def test_what_is_no_volume_is_refused(tmp_path, volid):
    with pytest.raises(RuntimeFailureError, match="unable to parse volume ID"):
        Storage(tmp_path).path(volid)


def test_a_root_volume_starts_empty_each_time(tmp_path, owners):
    volumes = Storage(tmp_path)
    layers = (tmp_path / "top", tmp_path / "bottom")
    root = volumes.make_root("s:subvol-1-disk-0", layers)
    (root.upper / "half").write_text("done")
    root = volumes.make_root("s:subvol-1-disk-0", layers)
    assert list(root.upper.iterdir()) == []
    assert root.template.read_text().splitlines() == [str(layer) for layer in layers]
    assert owners["upper"] == owners["work"] == ID_BASE
    assert owners["subvol-1-disk-0"] == 0


def test_a_mount_points_volume_keeps_its_content(tmp_path, owners):
    volumes = Storage(tmp_path)
    (volumes.make("s:subvol-1-disk-1") / "data").write_text("kept")
    assert (volumes.make("s:subvol-1-disk-1") / "data").read_text() == "kept"
    assert owners["subvol-1-disk-1"] == ID_BASE


def test_freeing_twice_is_fine(tmp_path, owners):
    volumes = Storage(tmp_path)
    path = volumes.make("s:subvol-1-disk-1")
    os.mkfifo(path / "pipe")
    volumes.free("s:subvol-1-disk-1")
    volumes.free("s:subvol-1-disk-1")
    assert not path.exists()

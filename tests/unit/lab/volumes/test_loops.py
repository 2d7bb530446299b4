from __future__ import annotations

from pathlib import Path

from homelab.lab.volumes.loops import devices, release


def test_loop_devices_are_found_by_their_files(tmp_path):
    files = {
        "loop0": "/labs/one/storage/pool.img",
        "loop1": "/labs/one-more/storage/pool.img",
        "loop2": "/labs/one/storage/pool.img (deleted)",
        "loop3": "/labs/two.raw (deleted)",
    }
    for name, file in files.items():
        (tmp_path / name / "loop").mkdir(parents=True)
        (tmp_path / name / "loop/backing_file").write_text(f"{file}\n")
    (tmp_path / "loop4").mkdir()
    assert set(devices(Path("/labs/one"), sys=tmp_path)) == {"/dev/loop0", "/dev/loop2"}
    assert set(devices(Path("/labs/two.raw"), sys=tmp_path)) == {"/dev/loop3"}
    assert devices(Path("/labs/none"), sys=tmp_path) == {}


def test_where_no_device_is_nothing_is_waited_for(tmp_path):
    assert release(tmp_path, timeout=0)

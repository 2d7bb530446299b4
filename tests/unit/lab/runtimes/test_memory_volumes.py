from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from homelab.lab.runtime import RuntimeFailureError
from homelab.lab.runtimes.memory_volumes import MemoryVolumes


def test_volumes_outlive_the_server(tmp_path: Path) -> None:
    path = tmp_path / "memory" / "volumes.db"
    with closing(MemoryVolumes(path)) as before:
        before.open()
        before.make("z:one", "word")
    with closing(MemoryVolumes(path)) as after:
        after.open()
        assert after.content("z:one") == "word"


def test_a_damaged_file_is_let_go_of(tmp_path: Path, open_files) -> None:
    path = tmp_path / "volumes.db"
    path.write_bytes(b"no database" * 1000)
    volumes = MemoryVolumes(path)
    with pytest.raises(RuntimeFailureError, match="unable to write the volumes"):
        volumes.open()
    assert open_files(path) == 0
    with pytest.raises(RuntimeFailureError, match="is closed"):
        volumes.all()

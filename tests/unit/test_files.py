from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from homelab.files import replace_file


@pytest.mark.parametrize("content", ["wörter\n", b"\x00\xff"])
def test_file_is_replaced_and_nothing_is_left_beside_it(
    tmp_path: Path, content: str | bytes
) -> None:
    path = tmp_path / "file.json"
    path.write_text("old")

    replace_file(path, content)

    assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode())
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o755])
def test_mode_holds_also_after_a_write_that_was_cut_off(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secrets.json"
    (tmp_path / "secrets.new").write_text("half")
    (tmp_path / "secrets.new").chmod(0o644)

    replace_file(path, "whole", mode=mode)

    assert path.stat().st_mode & 0o777 == mode
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_there_stays_when_it_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    (tmp_path / "file.new").mkdir()

    with pytest.raises(OSError, match="directory"):
        replace_file(path, "new")

    assert path.read_text() == "old"


def test_several_may_write_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    texts = {str(number) * 100_000 for number in range(8)}

    def write(text: str) -> None:
        for _ in range(20):
            replace_file(path, text, mode=0o600, by_several=True)
            assert path.read_text() in texts

    with ThreadPoolExecutor(len(texts)) as pool:
        list(pool.map(write, texts))

    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_left_beside_it_when_it_cannot_be_put_there(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()

    with pytest.raises(OSError, match="directory") as raised:
        replace_file(tmp_path / "file", "new", by_several=True)

    assert raised.value.errno == errno.EISDIR
    assert [path.name for path in tmp_path.iterdir()] == ["file"]

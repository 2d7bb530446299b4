from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from homelab.errors import ConfigurationError
from homelab.private import keep_from_others, require_private


@pytest.fixture
def above(tmp_path: Path) -> Path:
    made = tmp_path / "above"
    made.mkdir(mode=0o755)
    made.chmod(0o755)
    return made


def test_what_is_ones_own_is_taken(above: Path) -> None:
    require_private(above / "not/there/yet", what="the lab's state")


def test_a_directory_that_everybody_may_write_is_refused(above: Path) -> None:
    above.chmod(0o777)
    with pytest.raises(ConfigurationError, match=r"above may be written by everybody") as caught:
        require_private(above / "state", what="the lab's state")
    assert str(above / "state") in str(caught.value)


def test_what_is_below_a_sticky_one_is_looked_at_by_itself(above: Path) -> None:
    above.chmod(0o1777)
    state = above / "state"
    require_private(state, what="the lab's state")
    state.mkdir()
    state.chmod(0o777)
    with pytest.raises(ConfigurationError, match="state may be written by everybody"):
        require_private(state, what="the lab's state")


def test_the_place_behind_a_link_is_looked_at_and_so_is_the_link_s(above: Path) -> None:
    (above / "open").mkdir()
    (above / "open").chmod(0o777)
    (above / "open/real").mkdir(mode=0o700)
    (above / "link").symlink_to(above / "open/real")
    with pytest.raises(ConfigurationError, match="open may be written by everybody"):
        require_private(above / "link", what="the lab's state")
    (above / "real").mkdir(mode=0o700)
    (above / "open/link").symlink_to(above / "real")
    with pytest.raises(ConfigurationError, match="open may be written by everybody"):
        require_private(above / "open/link", what="the lab's state")


@pytest.mark.parametrize(
    ("found", "caller", "refused"),
    [
        ((0o755, 1000, 1000), None, "belongs to user 1000"),
        ((0o755, 1000, 1000), 1000, None),
        ((0o775, 1000, 1000), 1000, None),
        ((0o777, 1000, 1000), 1000, "by everybody"),
        ((0o700, 1001, 1001), 1000, "belongs to user 1001"),
        ((0o775, 0, 50), None, "by group 50"),
        ((0o775, 0, 0), None, None),
    ],
)
def test_who_is_trusted(
    above: Path,
    monkeypatch: pytest.MonkeyPatch,
    found: tuple[int, int, int],
    caller: int | None,
    refused: str | None,
) -> None:
    mode, owner, group = found
    seen = Path.stat

    def told(path: Path, **more: bool) -> os.stat_result:
        real = seen(path, **more)
        if path != above:
            return real
        return os.stat_result((stat.S_IFDIR | mode, *real[1:4], owner, group, *real[6:]))

    monkeypatch.setattr(Path, "stat", told)
    monkeypatch.setattr("homelab.private.os.geteuid", lambda: 0)
    if refused is None:
        require_private(above, what="the lab's state", caller=caller)
        return
    with pytest.raises(ConfigurationError, match=refused):
        require_private(above, what="the lab's state", caller=caller)


def test_no_file_is_made_that_others_may_write(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        keep_from_others()
        (tmp_path / "file").touch(mode=0o666)
        (tmp_path / "narrow").touch(mode=0o666)
        keep_from_others(0o002)
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644

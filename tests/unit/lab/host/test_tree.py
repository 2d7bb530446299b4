from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homelab.lab.host.tree import Tree, TreeError

OWN = os.getuid()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    made.mkdir()
    return made


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    made = tmp_path / "outside"
    made.mkdir()
    (made / "canary").write_text("untouched")
    return made


@pytest.fixture
def tree(root: Path) -> Iterator[Tree]:
    with Tree.at(root, owner=OWN) as found:
        yield found


def test_a_file_is_written_with_the_directories_above_it(root: Path, tree: Tree) -> None:
    tree.write("root/.ssh/authorized_keys", "key\n", mode=0o600)

    written = root / "root/.ssh/authorized_keys"
    assert written.read_text() == "key\n"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert tree.read("root/.ssh/authorized_keys") == "key\n"


def test_the_mode_of_a_file_is_kept_without_what_makes_it_privileged(
    root: Path, tree: Tree
) -> None:
    (root / "shadow").write_text("old")
    (root / "shadow").chmod(0o6640)

    tree.write("shadow", "new")

    assert stat.S_IMODE((root / "shadow").stat().st_mode) == 0o640


def test_a_file_that_says_the_same_is_left_alone(root: Path, tree: Tree) -> None:
    tree.write("hostname", "plex\n")
    before = (root / "hostname").stat().st_ino

    tree.write("hostname", "plex\n")

    assert (root / "hostname").stat().st_ino == before


def test_absolute_links_and_those_that_climb_lead_to_the_same_tree(
    root: Path, outside: Path, tree: Tree
) -> None:
    (root / "data").mkdir()
    (root / "etc").symlink_to("/data")
    (root / "climbing").symlink_to("../../../../data")

    tree.write("etc/hostname", "plex\n")
    tree.write("climbing/hosts", "127.0.0.1 localhost\n")

    assert (root / "data/hostname").read_text() == "plex\n"
    assert tree.read("climbing/hostname") == "plex\n"
    assert (root / "data/hosts").exists()


def test_a_link_to_another_tree_leads_nowhere(root: Path, outside: Path, tree: Tree) -> None:
    (root / "etc").symlink_to(outside)
    (root / "canary").symlink_to(outside / "canary")

    assert tree.read("canary") == ""
    assert tree.read("etc/canary") == ""
    with pytest.raises(TreeError, match="symlink encountered at: /etc"):
        tree.write("etc/canary", "changed")

    tree.write("canary", "of the tree")
    assert not (root / "canary").is_symlink()
    assert (outside / "canary").read_text() == "untouched"


def test_a_hard_link_is_replaced_and_not_written_through(
    root: Path, outside: Path, tree: Tree
) -> None:
    (root / "hostname").hardlink_to(outside / "canary")

    tree.write("hostname", "plex\n")

    assert (outside / "canary").read_text() == "untouched"


def test_a_pipe_is_neither_waited_for_nor_written_into(root: Path, tree: Tree) -> None:
    os.mkfifo(root / "key.pub")

    with pytest.raises(TreeError, match=r"'/key\.pub' is no file"):
        tree.read("key.pub")
    tree.write("key.pub", "key")

    assert (root / "key.pub").read_text() == "key"


def test_a_large_file_is_not_read_and_can_be_replaced(root: Path, tree: Tree) -> None:
    with (root / "shadow").open("wb") as file:
        file.truncate(1 << 40)

    with pytest.raises(TreeError, match="larger than 1 MiB"):
        tree.read("shadow")
    tree.write("shadow", "root:*\n")

    assert tree.read("shadow") == "root:*\n"


def test_a_directory_in_a_files_place_is_named(root: Path, tree: Tree) -> None:
    (root / "hostname").mkdir()

    with pytest.raises(TreeError, match="'/hostname' is a directory"):
        tree.write("hostname", "plex\n")

    assert [path.name for path in root.iterdir()] == ["hostname"]


def test_a_file_in_a_directorys_place_is_named(root: Path, tree: Tree) -> None:
    (root / "etc").write_text("")

    with pytest.raises(TreeError, match="'/etc' is no directory"):
        tree.write("etc/hostname", "plex\n")


def test_text_that_is_no_utf8_stays_as_it_is(root: Path, tree: Tree) -> None:
    (root / "shadow").write_bytes(b"root:\xff\n")

    tree.write("copy", tree.read("shadow"))

    assert (root / "copy").read_bytes() == b"root:\xff\n"


def test_a_mount_point_is_made_where_it_is_missing(root: Path, tree: Tree) -> None:
    with tree.mount_point("srv/data", mode=0o710) as descriptor:
        assert os.path.samestat(os.fstat(descriptor), (root / "srv/data").stat())

    assert stat.S_IMODE((root / "srv/data").stat().st_mode) == 0o710
    assert stat.S_IMODE((root / "srv").stat().st_mode) == 0o755


@pytest.mark.parametrize("target", ["/elsewhere", "elsewhere", "/nowhere"])
@pytest.mark.parametrize("name", ["srv", "srv/data", "srv/data/films"])
def test_no_link_may_lead_to_a_mount_point(root: Path, tree: Tree, name: str, target: str) -> None:
    (root / "elsewhere").mkdir()
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).symlink_to(target)

    with (
        pytest.raises(TreeError, match=f"symlink encountered at: /{name}"),
        tree.mount_point("srv/data/films"),
    ):
        pass

    assert list((root / "elsewhere").iterdir()) == []


def test_no_descriptor_stays_open(root: Path, tree: Tree) -> None:
    (root / "link").symlink_to("/nowhere")
    before = len(list(Path("/proc/self/fd").iterdir()))

    tree.write("etc/hostname", "plex\n")
    tree.read("etc/hostname")
    for name in ("link/x", "etc/hostname/x"):
        with pytest.raises(TreeError):
            tree.write(name, "")
    with tree.mount_point("srv"):
        pass

    assert len(list(Path("/proc/self/fd").iterdir())) == before


_NAMES = ("etc", "root", "data", "hostname", "up")
_PLANTED = st.lists(
    st.tuples(
        st.lists(st.sampled_from(_NAMES), min_size=1, max_size=3).map("/".join),
        st.sampled_from(
            [
                *("directory", "file", "pipe", "OUTSIDE", "OUTSIDE/canary", "/", "..", "../../.."),
                *("/etc", "/data", "../outside", "../outside/canary", "hostname", "etc/../../.."),
            ]
        ),
    ),
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(planted=_PLANTED, name=st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4))
def test_whatever_is_planted_nothing_outside_is_read_or_changed(
    tmp_path_factory: pytest.TempPathFactory,
    planted: list[tuple[str, str]],
    name: list[str],
) -> None:
    directory = tmp_path_factory.mktemp("planted")
    root, outside = directory / "tree", directory / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "canary").write_text("untouched")
    for place, what in planted:
        _plant(root, place, what.replace("OUTSIDE", str(outside)))
    before = (outside.stat().st_mtime_ns, (outside / "canary").stat())

    with Tree.at(root, owner=OWN) as tree:
        for ask in (
            lambda: tree.write("/".join(name), "written"),
            lambda: tree.directory("/".join(name)),
            lambda: tree.mount_point("/".join(name)).__enter__(),
        ):
            with suppress(TreeError):
                ask()
        with suppress(TreeError):
            assert "untouched" not in tree.read("/".join(name))

    assert (outside / "canary").read_text() == "untouched"
    assert [path.name for path in outside.iterdir()] == ["canary"]
    assert outside.stat().st_mtime_ns == before[0]
    assert (outside / "canary").stat().st_mtime_ns == before[1].st_mtime_ns
    assert sorted(path.name for path in directory.iterdir()) == ["outside", "tree"]


def _plant(root: Path, place: str, what: str) -> None:
    path = root / place
    try:
        if os.path.lexists(path) or not path.parent.resolve().is_relative_to(root):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if what == "directory":
            path.mkdir()
        elif what == "file":
            path.write_text("of the tree")
        elif what == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(what)
    except (OSError, RuntimeError):
        return

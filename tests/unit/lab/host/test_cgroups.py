from __future__ import annotations

from pathlib import Path

import pytest

from homelab.errors import CapabilityError, WaitTimeoutError
from homelab.lab.host import cgroups

HYBRID = """\
tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
"""


def test_mounts_of_a_host_with_both_versions(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(HYBRID)
    assert cgroups.unified_mount(mounts) == Path("/sys/fs/cgroup/unified")
    assert cgroups.v1_mounts(mounts) == {
        "cpu": Path("/sys/fs/cgroup/cpu"),
        "memory": Path("/sys/fs/cgroup/memory"),
    }


def test_a_host_without_version_2_is_an_error(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text("tmpfs /tmp tmpfs rw 0 0\n")
    with pytest.raises(CapabilityError, match="no cgroup v2"):
        cgroups.unified_mount(mounts)
    assert cgroups.v1_mounts(mounts) == {}


def test_the_parents_name_depends_on_the_state_directory_alone(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    assert cgroups.parent_name(tmp_path) == cgroups.parent_name(tmp_path / "link")
    assert cgroups.parent_name(tmp_path) != cgroups.parent_name(tmp_path / "other")


def test_removing_goes_from_the_leaves_up(tmp_path):
    (tmp_path / "lab/201/payload/ns").mkdir(parents=True)
    cgroups.remove(tmp_path / "lab")
    assert not (tmp_path / "lab").exists()
    cgroups.remove(tmp_path / "lab")


def test_killing_waits_and_says_who_is_left(tmp_path):
    (tmp_path / "cgroup.events").write_text("populated 1\nfrozen 0\n")
    (tmp_path / "cgroup.procs").write_text("")
    with pytest.raises(WaitTimeoutError, match="still there"):
        cgroups.kill(tmp_path, timeout=0.05)
    assert (tmp_path / "cgroup.kill").read_text() == "1"


def test_an_empty_group_is_not_killed(tmp_path):
    (tmp_path / "cgroup.events").write_text("populated 0\n")
    cgroups.kill(tmp_path)
    assert not (tmp_path / "cgroup.kill").exists()


def test_members_are_those_below_too(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "cgroup.procs").write_text("1\n")
    (tmp_path / "a/b/cgroup.procs").write_text("2\n3\n")
    assert sorted(cgroups.members(tmp_path)) == [1, 2, 3]

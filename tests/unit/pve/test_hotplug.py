from __future__ import annotations

import pytest

from homelab.pve.hotplug import deletes_hot, sets_hot


@pytest.mark.parametrize(
    ("option", "new", "hot"),
    [
        ("memory", False, True),
        ("net0", False, True),
        ("net7", True, True),
        ("mp0", True, True),
        ("mp0", False, False),
        ("dev0", True, True),
        ("rootfs", False, False),
        ("features", False, False),
        ("nameserver", True, False),
    ],
)
def test_set(option: str, *, new: bool, hot: bool) -> None:
    assert sets_hot(option, is_new=new) is hot


@pytest.mark.parametrize(
    ("option", "hot"), [("tags", True), ("net1", True), ("mp0", False), ("unused0", True)]
)
def test_delete(option: str, *, hot: bool) -> None:
    assert deletes_hot(option) is hot

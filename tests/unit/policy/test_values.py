from __future__ import annotations

import pytest

from homelab.policy import reading
from homelab.policy.values import UNKNOWN


def _mount(backup: object) -> dict[str, object]:
    return {"path": "/srv", "size": "1G", "backup": backup}


@pytest.mark.parametrize(
    ("raw", "stateful"),
    [
        ({}, False),
        ({"tags": ["data"]}, True),
        ({"tags": ["data"], "mount_points": UNKNOWN}, True),
        ({"mount_points": [_mount(backup=True), _mount(backup=UNKNOWN)]}, True),
        ({"mount_points": [_mount(backup=False)]}, False),
        ({"mount_points": [_mount(backup=UNKNOWN)]}, UNKNOWN),
        ({"mount_points": UNKNOWN}, UNKNOWN),
        ({"tags": UNKNOWN}, UNKNOWN),
        ({"tags": UNKNOWN, "mount_points": [_mount(backup=True)]}, True),
    ],
)
def test_whether_a_container_holds_data_is_said_only_where_it_is_known(raw, stateful) -> None:
    assert reading.guest("plex", raw).is_stateful is stateful

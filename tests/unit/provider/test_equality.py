"""Spellings that PVE takes for the same."""

from __future__ import annotations

import pytest

from homelab.provider import equality
from homelab.pve.sizes import same_size


@pytest.mark.parametrize(
    ("same", "left", "right"),
    [
        (same_size, "1024M", "1G"),
        (same_size, "1T", "1024G"),
        (equality.same_tags, "b,a", "a;b"),
        (equality.same_tags, "Media", "media"),
        (equality.same_tags, None, ""),
        (equality.same_words, "1.1.1.1,8.8.8.8", "1.1.1.1 8.8.8.8"),
        (equality.same_text, "Plex", "Plex\n"),
        (equality.same_text, None, ""),
        (equality.same_case, "bc:24:11:00:00:01", "BC:24:11:00:00:01"),
        (equality.same_startup, "up=5,order=4", "order=4,up=5"),
        (equality.same_startup, "4", "order=4"),
    ],
)
def test_same(same: object, left: str | None, right: str | None) -> None:
    assert same(left, right)
    assert same(right, left)


@pytest.mark.parametrize(
    ("same", "left", "right"),
    [
        (same_size, "8G", "9G"),
        (same_size, None, "9G"),
        (equality.same_tags, "a", "a;b"),
        (equality.same_text, "a", "b"),
        (equality.same_words, "1.1.1.1 8.8.8.8", "8.8.8.8 1.1.1.1"),
        (equality.same_startup, "order=4", "order=5"),
        (equality.same_startup, "=,", "order=5"),
    ],
)
def test_different(same: object, left: str | None, right: str | None) -> None:
    assert not same(left, right)

from __future__ import annotations

import pytest

from homelab.pve.release import Release


@pytest.mark.parametrize(
    ("text", "version", "release"),
    [
        ("9", "9.1.1", "9.1"),
        ("8", "8.4.14", "8.4"),
        ("8.2", "8.2.1", "8.2"),
        ("9.0.3", "9.0.3", "9.0"),
    ],
)
def test_releases_are_read(text, version, release) -> None:
    found = Release.parse(text)
    assert (str(found), found.release) == (version, release)


@pytest.mark.parametrize("text", ["7", "10", "nine", "", "9.", "9.1.1.1"])
def test_other_releases_are_refused(text) -> None:
    with pytest.raises(ValueError, match="8 and 9 are known"):
        Release.parse(text)

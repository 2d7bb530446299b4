"""What a pytest session knows of its target, found once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from homelab.errors import HomelabError

if TYPE_CHECKING:
    from homelab.pytest_plugin.access import Access

_FOUND = pytest.StashKey["Access | HomelabError"]()


def access_of(config: pytest.Config) -> Access:
    """The target of --homelab-target, found at the first call.

    Raises:
        HomelabError: as `homelab.pytest_plugin.access.find`; the same one at each call.
    """
    if _FOUND not in config.stash:
        from homelab.pytest_plugin import access

        try:
            config.stash[_FOUND] = access.find(
                config.getoption("homelab_project"), config.getoption("homelab_target")
            )
        except HomelabError as error:
            config.stash[_FOUND] = error
    found = config.stash[_FOUND]
    if isinstance(found, HomelabError):
        raise found
    return found

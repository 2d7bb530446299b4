"""What a pytest session knows of its target, found once; and going on as root to ask it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from homelab.errors import HomelabError
from homelab.escaping import terminal

if TYPE_CHECKING:
    from homelab.pytest_plugin.access import Access

_FOUND = pytest.StashKey["Access | HomelabError"]()


def go_on_where_allowed(config: pytest.Config) -> None:
    """Return when this process may ask the target; else run the session again through sudo.

    Raises:
        HomelabError: the target can't be found, or there is no way to become root.
    """
    from homelab.pytest_plugin import access

    place, name = config.getoption("homelab_project"), config.getoption("homelab_target")
    if os.geteuid() == 0 or hasattr(config, "workerinput") or not access.is_roots(place, name):
        return
    from homelab.sudo import go_on_as_root

    def tell(text: str) -> None:
        capture = config.pluginmanager.getplugin("capturemanager")
        if capture is not None:
            capture.stop_global_capturing()  # what pytest holds back would be lost
        sys.stderr.write(f"{terminal(text)}\n")
        sys.stderr.flush()

    words = (sys.executable, "-P", "-m", "pytest", *config.invocation_params.args)
    go_on_as_root("asking root's lab", words, tell=tell, everything=True)


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

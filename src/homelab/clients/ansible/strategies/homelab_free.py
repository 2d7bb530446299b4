"""Mitogen's free strategy, told before its workers are forked where the collections are.

Mitogen imports every installed collection in each worker that carries a module of one: a hundred of
them, for a fifth of a second of processor time a task, to know no more than their directories.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ansible.collections.list
import ansible_mitogen.loaders
import ansible_mitogen.strategy
from ansible.utils.collection_loader import AnsibleCollectionConfig

_Free: Any = ansible_mitogen.loaders.strategy_loader.get("free", class_only=True)


class StrategyModule(ansible_mitogen.strategy.StrategyMixin, _Free):  # type: ignore[misc]
    """Each host goes on by itself, carried by Mitogen."""

    def run(self, iterator: Any, play_context: Any, result: Any = 0) -> Any:
        """Run a play's tasks; Ansible calls this."""
        places = collection_directories()
        before = ansible.collections.list.list_collection_dirs
        ansible.collections.list.list_collection_dirs = lambda: iter(places)
        try:
            return super().run(iterator, play_context, result)
        finally:
            ansible.collections.list.list_collection_dirs = before


def collection_directories() -> tuple[bytes, ...]:
    """What `list_collection_dirs` says, by the directories' paths alone."""
    return tuple(
        str(path).encode()
        for root in AnsibleCollectionConfig.collection_paths
        for path in sorted(Path(root, "ansible_collections").glob("*/*/"))
    )

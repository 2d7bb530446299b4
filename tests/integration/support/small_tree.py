"""A tree cut down to some of its containers, so that a deploy of real ones takes seconds."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

_ENTRY = re.compile(r"^    ([\w-]+) = \{\n.*?^    \}\n\n?", re.MULTILINE | re.DOTALL)
"""An entry of a category, as terraform fmt writes it."""
_CATEGORIES = ("media-stack", "monitoring", "security", "business")


def keep(directory: Path, containers: Collection[str]) -> None:
    """Leave only these containers of a project; what they depend on has to be among them."""
    seen: set[str] = set()

    def kept(match: re.Match[str]) -> str:
        if match[1] not in containers:
            return ""
        seen.add(match[1])
        return match[0]

    for category in _CATEGORIES:
        path = directory / "terraform" / "containers" / f"{category}.tf"
        path.write_text(_ENTRY.sub(kept, path.read_text(encoding="utf-8")), encoding="utf-8")
    assert seen == set(containers)

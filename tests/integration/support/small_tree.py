"""A tree cut down to some of its containers, so that a deploy of real ones takes seconds."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

_ENTRY = re.compile(r"^    ([\w-]+) = \{\n.*?^    \}\n\n?", re.MULTILINE | re.DOTALL)
"""An entry of a category, as terraform fmt writes it."""
_COMMENTED_ENTRY = re.compile(r"^(?:    #[^\n]*\n)*" + _ENTRY.pattern[1:], _ENTRY.flags)
_CATEGORIES = ("media-stack", "monitoring", "security", "business")


def keep(directory: Path, containers: Collection[str]) -> None:
    """Leave only these containers of a project; what they depend on has to be among them.

    A network whose gateway is not among them goes too.
    """
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
    if "vpn-gateway" not in containers:
        path = directory / "terraform" / "containers" / "networks.tf"
        text, count = _without(path.read_text(encoding="utf-8"), "vpn")
        assert count == 1
        path.write_text(text, encoding="utf-8")


def _without(text: str, name: str) -> tuple[str, int]:
    """The text without an entry and the comment above it, and how many there were."""
    found = [match for match in _COMMENTED_ENTRY.finditer(text) if match[1] == name]
    for match in found:
        text = text.replace(match[0], "")
    return text, len(found)

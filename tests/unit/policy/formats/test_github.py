from __future__ import annotations

from pathlib import Path

from homelab import policy
from homelab.policy.formats import to_github


def test_github(wrong: Path) -> None:
    [line] = to_github(policy.evaluate_tree(wrong))

    head = "::error file=terraform/containers/media-stack.tf,line=26,title=HL201 unprivileged::"
    assert line.startswith(head)
    assert "%0AFix: " in line
    assert "\n" not in line

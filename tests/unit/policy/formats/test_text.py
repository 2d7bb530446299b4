from __future__ import annotations

from pathlib import Path

from homelab import policy
from homelab.policy.formats import to_lines


def test_terminal(wrong: Path) -> None:
    lines = to_lines(policy.evaluate_tree(wrong))

    assert "error   HL201 unprivileged: A container is unprivileged." in lines
    place = "terraform/containers/media-stack.tf:26: jellyfin: it is privileged"
    assert any(line.strip() == place for line in lines)
    assert any("fix: Set unprivileged = true" in line for line in lines)
    assert lines[-1].startswith("policy: 47 rules: 1 violation")

from __future__ import annotations

from pathlib import Path

import pytest

from homelab.operations.documentation import pages

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", ["policy.md", "plan-example.md"])
def test_generated_page_is_not_stale(name: str) -> None:
    made = pages(ROOT)[name]

    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == made, (
        "write it again: python -c 'from pathlib import Path; from homelab.operations.documentation"
        " import write; write(Path.cwd())'"
    )

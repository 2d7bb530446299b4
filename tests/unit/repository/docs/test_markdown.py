from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from homelab.escaping import Markdown
from homelab.repository.docs.markdown import code, table


def test_cell_cannot_end_its_row() -> None:
    assert table(("a",), [("x|y\nz",)])[2] == "| `x\\|y\\nz` |"
    assert table(("a",), [(Markdown("**x**|y"),)])[2] == "| **x**\\|y |"


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), max_size=4))
def test_a_table_has_one_line_for_each_row_and_the_same_cells_in_each(rows) -> None:
    lines = table(("a", "n"), rows, right="n")
    assert lines[1] == "| --- | ---: |"
    assert len(lines) == len(rows) + 3
    assert not [line for line in lines if "\n" in line]
    for line in lines[:-1]:
        assert len(re.findall(r"(?<!\\)\|", line)) == 3


def test_code_is_in_a_fence_of_its_language() -> None:
    assert code("a\nb", "hcl") == ["```hcl", "a", "b", "```", ""]

from __future__ import annotations

import pytest

from homelab import sarif


@pytest.mark.parametrize(
    ("path", "line", "place"),
    [
        (None, 3, None),
        ("a.py", None, {"artifactLocation": {"uri": "a.py"}}),
        ("a.py", 3, {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 3}}),
        ("a.py", 0, {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 1}}),
    ],
)
def test_a_result_has_as_much_of_a_place_as_is_known(path, line, place) -> None:
    """Lines count from 1 (SARIF 2.1.0, 3.30.5)."""
    made = sarif.result("r1", "bad", level="error", path=path, line=line)
    assert (made["ruleId"], made["level"], made["message"]) == ("r1", "error", {"text": "bad"})
    found = made.get("locations")
    assert found == (None if place is None else [{"physicalLocation": place}])


def test_a_document_has_its_runs() -> None:
    run = {"tool": sarif.tool("ruff", [{"id": "F401"}]), "results": []}
    made = sarif.document([run])
    assert (made["version"], made["runs"]) == ("2.1.0", [run])
    assert run["tool"]["driver"] == {"name": "ruff", "rules": [{"id": "F401"}]}

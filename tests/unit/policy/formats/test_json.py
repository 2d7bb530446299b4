from __future__ import annotations

import json
from pathlib import Path

from homelab import policy
from homelab.policy.formats import to_json


def test_json(wrong: Path) -> None:
    data = to_json(policy.evaluate_tree(wrong))

    failed = [finding for finding in data["findings"] if finding["verdict"] == "fail"]
    assert data["ok"] is False
    assert [(f["rule"], f["file"], f["line"]) for f in failed] == [
        ("HL201", "terraform/containers/media-stack.tf", 26)
    ]
    json.dumps(data)

from __future__ import annotations

from pathlib import Path

from homelab.repository.docs.generated import pages
from homelab.settings import load

ROOT = Path(__file__).parents[4]


def test_module_page_has_every_input_and_output() -> None:
    text = pages(load(ROOT))["terraform/modules/lxc-container/README.md"]

    for name in ("name", "container", "networks", "ssh_public_keys", "declared", "id"):
        assert f"| `{name}` |" in text
    assert '| `ssh_public_keys` | `string` | `""` |' in text
    assert "    depends_on  = optional(list(string), []) # containers" in text
    assert "- service.slo is a percentage above 0 and at most 100." in text

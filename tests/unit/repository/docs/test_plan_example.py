from __future__ import annotations

import re
from pathlib import Path

from homelab.model import Topology
from homelab.model.hcl import declared
from homelab.repository.docs.plan_example import can_show, plan_example

ROOT = Path(__file__).parents[4]


def test_the_example_has_one_change_of_each_kind_and_what_is_lacking() -> None:
    tree = declared(ROOT / "terraform")
    page = plan_example(ROOT, tree)

    for name in ("plex", "loki", "vaultwarden", "tautulli", "sabnzbd"):
        assert re.search(rf"\| .*{name}", page), name
    assert "Datastore.AllocateSpace" in page
    assert plan_example(ROOT, tree) == page


def test_a_tree_without_these_containers_has_no_example() -> None:
    topology = Topology.load(ROOT / "terraform")
    left = tuple(one for one in topology.containers if one.name != "loki")

    assert can_show(topology)
    assert not can_show(topology.model_copy(update={"containers": left}))

from __future__ import annotations

import pytest

from homelab.errors import ConfigurationError
from homelab.model import Topology
from homelab.pytest_plugin.selection import pick


class TestPick:
    def test_no_marker_picks_all(self, topology: Topology) -> None:
        assert pick(topology, []) == topology.containers

    def test_by_group_and_name(self, topology: Topology) -> None:
        names = [container.name for container in pick(topology, [{"group": "media"}])]
        assert names == ["plex", "sonarr"]
        assert pick(topology, [{"name": "grafana"}]) == (topology.container("grafana"),)

    def test_markers_narrow_each_other(self, topology: Topology) -> None:
        assert pick(topology, [{"group": "media"}, {"name": "plex"}]) == (
            topology.container("plex"),
        )

    @pytest.mark.parametrize(
        "criteria", [[{"group": "medea"}], [{"group": "media", "name": "grafana"}]]
    )
    def test_picking_none_says_what_there_is(
        self, topology: Topology, criteria: list[dict[str, object]]
    ) -> None:
        with pytest.raises(ConfigurationError, match="groups: media, monitoring; names: plex"):
            pick(topology, criteria)

    def test_unknown_criterion(self, topology: Topology) -> None:
        with pytest.raises(ConfigurationError, match="not category"):
            pick(topology, [{"category": "media"}])

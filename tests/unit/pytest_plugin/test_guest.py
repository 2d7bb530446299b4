from __future__ import annotations

import pytest

from homelab.pytest_plugin.guest import DockerContainer


@pytest.mark.parametrize(
    ("state", "status", "healthy"),
    [
        ("running", "Up 3 minutes (healthy)", True),
        ("running", "Up 3 minutes", True),
        ("running", "Up 3 minutes (unhealthy)", False),
        ("running", "Up 2 seconds (health: starting)", False),
        ("exited", "Exited (137) 2 seconds ago", False),
        ("restarting", "Restarting (1) 5 seconds ago", False),
    ],
)
def test_docker_s_word_for_health(state: str, status: str, healthy) -> None:
    container = DockerContainer(
        name="plex", image="plex:1", state=state, status=status, stand_in=False
    )

    assert container.healthy is healthy

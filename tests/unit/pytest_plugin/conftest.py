from __future__ import annotations

import pytest

from homelab.model import Container, Topology


def _container(name: str, category: str) -> Container:
    return Container.model_validate(
        {
            "name": name,
            "category": category,
            "vmid": 200 + len(name),
            "node": "pve",
            "template": "local:vztmpl/x.tar.zst",
            "description": "",
            "cores": 1,
            "memory": 512,
            "swap": 0,
            "rootfs": {"storage": "local-zfs", "size": "8G"},
            "networks": [{"bridge": "vmbr0", "ip": "192.0.2.1/24"}],
            "startup": {"order": 1},
            "service": {
                "image": f"{name}/{name}:1",
                "ports": [{"port": 80}],
                "health": {"port": 80},
                "slo": 99.9,
            },
        }
    )


@pytest.fixture
def topology() -> Topology:
    return Topology(
        networks=(),
        containers=(
            _container("plex", "media"),
            _container("sonarr", "media"),
            _container("grafana", "monitoring"),
        ),
    )

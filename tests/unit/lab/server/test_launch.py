from __future__ import annotations

import socket
from pathlib import Path

import pytest
from memory_lab import memory_lab

from homelab.errors import ConfigurationError


def test_a_port_in_use_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} of 127.0.0.1") as caught:
            memory_lab(tmp_path / "lab", listen=f"127.0.0.1:{port}").up()
    assert "--listen" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("listen", ["8006", "127.0.0.1:x", "127.0.0.1:70000", "192.0.2.1:8006"])
def test_a_wrong_address_is_one_clear_error(tmp_path: Path, listen: str) -> None:
    with pytest.raises(ConfigurationError, match="listen"):
        memory_lab(tmp_path / "lab", listen=listen).up()

"""A server that fails lets go of all that it had."""

from __future__ import annotations

from pathlib import Path

import pytest

from homelab.lab.node.tasks import Tasks
from homelab.lab.runtime import RuntimeFailureError, RuntimeKind
from homelab.lab.server.assembly import serve
from homelab.lab.server.http import Server
from homelab.lab.server.info import LabInfo
from homelab.lab.server.options import ServeOptions


@pytest.fixture
def options(tmp_path: Path) -> ServeOptions:
    return ServeOptions(
        state=tmp_path / "state",
        cache=tmp_path / "cache",
        runtime=RuntimeKind.MEMORY,
        listen="127.0.0.1:0",
    )


def test_a_runtime_that_does_not_open_is_closed(options: ServeOptions, open_files) -> None:
    serve_once(options)
    (options.state / "memory" / "volumes.db").write_bytes(b"no database" * 1000)
    with pytest.raises(RuntimeFailureError, match="unable to write the volumes") as raised:
        serve(options, on_ready=lambda _info: None)
    for name in ("lab.db", "memory/volumes.db"):
        assert open_files(options.state / name) == 0, raised  # which holds on to the runtime


def test_a_failure_while_it_serves_stops_the_server_and_its_tasks(
    options: ServeOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []
    stop, close = Server.stop, Tasks.close

    async def stopping(self: Server) -> None:
        ended.append("server")
        await stop(self)

    def closing(self: Tasks, *, timeout: float) -> None:
        ended.append("tasks")
        close(self, timeout=timeout)

    monkeypatch.setattr(Server, "stop", stopping)
    monkeypatch.setattr(Tasks, "close", closing)
    serve_once(options)
    assert ended == ["server", "tasks"]


def serve_once(options: ServeOptions) -> None:
    """Serve until it is ready, and fail then."""

    def fail(_info: LabInfo) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        serve(options, on_ready=fail)

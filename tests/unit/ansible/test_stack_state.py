from __future__ import annotations

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler

import pytest


def container(service, *, state="running", status="Up 2 minutes (healthy)", digest="d1"):
    return {
        "State": state,
        "Status": status,
        "Labels": {"com.docker.compose.service": service, "org.homelab.digest": digest},
    }


CASES = [
    ([container("plex")], [], False),
    ([container("plex", status="Up 2 seconds")], [], False),
    ([], ["plex is not there"], False),
    ([container("plex", digest="d0")], ["plex runs from another description"], False),
    ([container("plex", state="exited", status="Exited (1)")], ["plex is exited"], False),
    ([container("plex", status="Up (unhealthy)")], ["plex is unhealthy"], True),
    ([container("plex", status="Up (health: starting)")], ["plex is still starting"], False),
    # Docker restarted while it was busy and lost track of a container: only a new one helps.
    (
        [container("plex", state="restarting", status="Restarting (137)")],
        ["plex is restarting"],
        True,
    ),
    ([container("plex"), container("old")], ["old is not described"], False),
]


@pytest.mark.parametrize(("containers", "reasons", "ailing"), CASES)
def test_differences(stack_state, containers, reasons, ailing):
    assert stack_state.differences(containers, ["plex"], "d1") == (reasons, ailing)


class Docker(socketserver.UnixStreamServer):
    """Answers one request as Docker would."""

    def get_request(self):
        request, _ = super().get_request()
        return request, ("docker", 0)


def serve(path, status, body):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked = self.path
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = Docker(str(path), Handler)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    return server, thread


def test_asks_docker_for_the_project(stack_state, tmp_path):
    found = [container("plex")]
    server, thread = serve(tmp_path / "s", 200, json.dumps(found).encode())
    assert stack_state.containers_of("plex", str(tmp_path / "s")) == found
    thread.join()
    server.server_close()
    assert "com.docker.compose.project%3Dplex" in server.asked
    assert "all=1" in server.asked


def test_an_error_of_docker_is_told(stack_state, tmp_path):
    server, thread = serve(tmp_path / "s", 500, b"no space left")
    with pytest.raises(ValueError, match="no space left"):
        stack_state.containers_of("plex", str(tmp_path / "s"))
    thread.join()
    server.server_close()


def test_no_docker(stack_state, tmp_path):
    with pytest.raises(OSError, match="No such file"):
        stack_state.containers_of("plex", str(tmp_path / "s"))

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def service():
    """An HTTP service on the loopback that answers one status after the other."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            answers = self.server.answers
            self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.answers, server.asked = [200], []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def endpoint(server, status=200, path="/health?deep=1"):
    return {
        "name": "ntfy",
        "url": f"http://127.0.0.1:{server.server_port}{path}",
        "status": status,
    }


def test_waits_until_it_answers_as_it_should(health_gate, service):
    service.answers = [503, 404, 200]
    clock = Clock()
    assert health_gate.wait([endpoint(service)], 60, clock=clock, sleep=clock.sleep) == []
    assert service.asked == ["/health?deep=1"] * 3
    assert clock.now < 1


@pytest.mark.parametrize("status", [204, 302, 401])
def test_the_declared_status_is_the_good_one(health_gate, service, status):
    service.answers = [status]
    assert health_gate.complaint(endpoint(service, status)) is None
    assert health_gate.complaint(endpoint(service, 200)) == f"it answered {status}"


def test_says_what_it_saw_last_at_the_deadline(health_gate, service):
    service.answers = [503]
    clock = Clock()
    closed = {"name": "loki", "url": "http://127.0.0.1:1/ready", "status": 200}
    wrong = health_gate.wait([endpoint(service), closed], 10, clock=clock, sleep=clock.sleep)
    assert [(item["name"], said) for item, said in wrong] == [
        ("ntfy", "it answered 503"),
        ("loki", "[Errno 111] Connection refused"),
    ]
    assert 10 <= clock.now < 12


def test_what_is_well_is_not_asked_again(health_gate, service):
    closed = {"name": "loki", "url": "http://127.0.0.1:1/ready", "status": 200}
    clock = Clock()
    health_gate.wait([endpoint(service), closed], 10, clock=clock, sleep=clock.sleep)
    assert len(service.asked) == 1

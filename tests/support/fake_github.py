"""GitHub's API for one repository, as far as the pipeline uses it, with a memory; and ntfy.

Replies have the fields that GitHub documents, also those that nobody here reads. It is no proof
that GitHub answers so.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_REPOSITORY = "/repos/homelab/homelab/"
_Answer = tuple[int, Any] | None


@dataclass(kw_only=True)
class FakeGitHub:
    """The repository's memory; tests read it, and change it as people would."""

    url: str = ""
    token: str = "fake-token"
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    issues: list[dict[str, Any]] = field(default_factory=list)
    rulesets: list[dict[str, Any]] = field(default_factory=list)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    notified: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    """Of the last notification."""

    def answer(self, method: str, path: str, query: dict[str, str], data: Any) -> tuple[int, Any]:
        """The status and the reply to one request."""
        words = [method, *path.split("/")]
        for part in (self._comment, self._issue, self._protection):
            found = part(words, query, data)
            if found is not None:
                return found
        return 404, {"message": "Not Found", "status": "404"}

    def _comment(self, words: list[str], query: dict[str, str], data: Any) -> _Answer:
        match words:
            case ["GET", "issues", number, "comments"]:
                return 200, _page(self.comments.get(int(number), []), query)
            case ["POST", "issues", number, "comments"]:
                made = {"id": 1000 + len(self.comments), "body": data["body"], "user": {"id": 1}}
                self.comments.setdefault(int(number), []).append(made)
                return 201, made
            case ["PATCH", "issues", "comments", number]:
                for comment in (c for found in self.comments.values() for c in found):
                    if comment["id"] == int(number):
                        comment["body"] = data["body"]
                        return 200, comment
        return None

    def _issue(self, words: list[str], query: dict[str, str], data: Any) -> _Answer:
        match words:
            case ["GET", "issues"]:
                labels = set(query["labels"].split(","))
                found = [
                    issue
                    for issue in self.issues
                    if issue["state"] == query["state"]
                    and labels <= {label["name"] for label in issue["labels"]}
                ]
                return 200, _page(found, query)
            case ["POST", "issues"]:
                issue = {
                    "number": len(self.issues) + 1,
                    "state": "open",
                    "title": data["title"],
                    "body": data["body"],
                    "labels": [{"id": 1, "name": name} for name in data["labels"]],
                }
                self.issues.append(issue)
                return 201, issue
            case ["PATCH", "issues", number] if int(number) <= len(self.issues):
                self.issues[int(number) - 1].update(data)
                return 200, self.issues[int(number) - 1]
        return None

    def _protection(self, words: list[str], query: dict[str, str], _data: Any) -> _Answer:
        match words:
            case ["GET", "rulesets"]:
                short = ("id", "name", "target", "enforcement")
                found = [{key: rules[key] for key in short} for rules in self.rulesets]
                return 200, _page(found, query)
            case ["GET", "rulesets", number]:
                for rules in self.rulesets:
                    if rules["id"] == int(number):
                        return 200, rules
            case ["GET", "environments", name] if name in self.environments:
                return 200, self.environments[name]
        return None


class _Handler(BaseHTTPRequestHandler):
    memory: FakeGitHub

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.memory.requests.append(f"{self.command} {parts.path}")
        if parts.path == "/topic":
            self.memory.notified.append(body.decode())
            self.memory.headers = dict(self.headers)
            return self._reply(200, {"id": "1"})
        if self.headers.get("Authorization") != f"Bearer {self.memory.token}":
            return self._reply(401, {"message": "Bad credentials"})
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        data = json.loads(body) if body else None
        path = re.sub(f"^{re.escape(_REPOSITORY)}", "", parts.path)
        return self._reply(*self.memory.answer(self.command, path, query, data))

    def _reply(self, status: int, document: Any) -> None:
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = _serve  # noqa: N815  (http.server's names)

    def log_message(self, *words: object) -> None:
        del words


@contextmanager
def fake_github() -> Iterator[FakeGitHub]:
    """The fake on a port of loopback, as long as the body runs."""
    memory = FakeGitHub()
    handler = type("Handler", (_Handler,), {"memory": memory})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        memory.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield memory
        finally:
            server.shutdown()
            thread.join()


def _page(items: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
    return items[(page - 1) * size : page * size]

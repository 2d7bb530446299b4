"""GitHub's REST API, as far as the pipeline needs it: comments, issues, rules, environments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from homelab.errors import ConfigurationError, HomelabError, UnreachableError
from homelab.escaping import one_line
from homelab.settings import GitHubEnvironment

_TIMEOUT = 30
_PAGE = 100
_MOST_PAGES = 50


class GitHubError(HomelabError):
    """GitHub refused a request; `status` is its own."""

    def __init__(self, status: int, reason: str, *, request: str) -> None:
        self.status = status
        hint = None
        if status in {401, 403, 404}:
            hint = "does the job's GITHUB_TOKEN have the permission that this needs?"
        super().__init__(f"{request}: {status} {reason}", hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """An issue, or a comment on one."""

    number: int
    """An issue's number, or a comment's id."""
    body: str


class GitHub:
    """One repository; nothing is sent before the first call."""

    def __init__(self, repository: str, *, token: str | None, api_url: str) -> None:
        self.repository = repository
        self._base = f"{api_url.rstrip('/')}/repos/{repository}"
        self._session = requests.Session()
        self._session.headers.update(
            {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        )
        if token is not None:
            self._session.headers["Authorization"] = f"Bearer {token}"

    @classmethod
    def from_environment(cls, environment: GitHubEnvironment) -> GitHub:
        """The repository that a job belongs to.

        Raises:
            ConfigurationError: the environment names none.
        """
        if environment.repository is None:
            raise ConfigurationError(
                "GITHUB_REPOSITORY is not set",
                hint="set it to OWNER/NAME, and GITHUB_TOKEN to a token for it",
            )
        return cls(environment.repository, token=environment.token, api_url=environment.api_url)

    def comments(self, issue: int) -> Iterator[Note]:
        """The comments on an issue or a pull request, oldest first."""
        for item in self._pages(f"issues/{issue}/comments", {}):
            yield Note(number=item["id"], body=item.get("body") or "")

    def create_comment(self, issue: int, body: str) -> None:
        self._send("POST", f"issues/{issue}/comments", {"body": body})

    def update_comment(self, comment: int, body: str) -> None:
        self._send("PATCH", f"issues/comments/{comment}", {"body": body})

    def open_issues(self, label: str) -> Iterator[Note]:
        """The open issues with a label; pull requests are left out."""
        for item in self._pages("issues", {"state": "open", "labels": label}):
            if "pull_request" not in item:
                yield Note(number=item["number"], body=item.get("body") or "")

    def create_issue(self, title: str, body: str, *, label: str) -> int:
        """Open an issue; its number. GitHub makes the label if there is none."""
        made = self._send(
            "POST", "issues", {"title": one_line(title), "body": body, "labels": [label]}
        )
        return int(made["number"])

    def update_issue(self, number: int, *, body: str | None = None, close: bool = False) -> None:
        """Put another text into an issue, or close it."""
        data: dict[str, Any] = {} if body is None else {"body": body}
        if close:
            data |= {"state": "closed", "state_reason": "completed"}
        self._send("PATCH", f"issues/{number}", data)

    def rulesets(self) -> Iterator[Mapping[str, Any]]:
        for item in self._pages("rulesets", {"includes_parents": "false"}):
            yield self._send("GET", f"rulesets/{item['id']}")

    def environment(self, name: str) -> Mapping[str, Any] | None:
        """A deployment environment's protection; None where there is no such environment."""
        try:
            found: Mapping[str, Any] = self._send("GET", f"environments/{name}")
        except GitHubError as error:
            if error.status == 404:
                return None
            raise
        return found

    def _pages(self, path: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        for page in range(1, _MOST_PAGES + 1):
            words = {**query, "per_page": str(_PAGE), "page": str(page)}
            items: list[dict[str, Any]] = self._send("GET", path, query=words)
            yield from items
            if len(items) < _PAGE:
                return

    def _send(
        self,
        method: str,
        path: str,
        data: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        request = f"{method} {self.repository}/{path}"
        try:
            answer = self._session.request(
                method, f"{self._base}/{path}", json=data, params=query, timeout=_TIMEOUT
            )
        except requests.RequestException as error:
            raise UnreachableError(f"{request}: no answer: {error}") from error
        if not answer.ok:
            try:
                said = str(answer.json().get("message", answer.reason))
            except ValueError:
                said = answer.reason
            raise GitHubError(answer.status_code, said, request=request)
        return answer.json()

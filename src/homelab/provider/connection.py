"""The provider's requests to the Proxmox VE API over a few connections that stay open.

The standard library's client is used, because a provider process lives for a second or two and is
started several times per run: importing a larger one would cost as much as the work itself.
"""

from __future__ import annotations

import json
import logging
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from homelab.errors import ApiError, ConfigurationError, UnreachableError
from homelab.pve.waiting import wait_for_task

_log = logging.getLogger(__name__)

_IDLE_LIMIT = 2.0
_FORM = "application/x-www-form-urlencoded"

Parameters = Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user's password, or an API token such as root@pam!homelab with its secret."""

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token_id: str | None = None
    token_secret: str | None = field(default=None, repr=False)


class Connection:
    """Sends requests; thread-safe.

    `patience` is for how many seconds a request keeps trying while nothing listens at the address,
    so that a restart of the server is waited out.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        *,
        ca_file: str | None = None,
        verify: bool = True,
        task_timeout: float = 1200.0,
        patience: float = 10.0,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigurationError(
                f"pm_api_url is {url!r}, which is no http(s) URL",
                hint="set PM_API_URL to something like https://pve.example:8006/api2/json",
            )
        self._url = url
        self._host = parts.hostname
        self._port = parts.port or (8006 if parts.scheme == "https" else 80)
        self._base = parts.path.rstrip("/") or "/api2/json"
        self._tls = _tls(ca_file, verify=verify) if parts.scheme == "https" else None
        self._credentials = credentials
        self._task_timeout = task_timeout
        self._patience = patience
        self._ticket: Mapping[str, str] = {}
        self._idle: list[tuple[float, HTTPConnection]] = []
        self._lock = threading.Lock()

    def login(self) -> None:
        """Get a ticket for a password; a token needs none.

        Raises:
            ApiError: the credentials are wrong.
            ConfigurationError: there are none.
        """
        given = self._credentials
        if given.token_id and given.token_secret:
            value = f"PVEAPIToken={given.token_id}={given.token_secret}"
            self._ticket = {"Authorization": value}
            return
        if not given.user or not given.password:
            raise ConfigurationError(
                "neither an API token nor a user with a password is given for Proxmox VE",
                hint="set PM_API_TOKEN_ID and PM_API_TOKEN_SECRET, or PM_USER and PM_PASS",
            )
        answer = self.request(
            "POST", "access/ticket", {"username": given.user, "password": given.password}
        )
        self._ticket = {
            "Authorization": f"PVEAuthCookie={quote(answer['ticket'], safe=':@=+/')}",
            "CSRFPreventionToken": answer["CSRFPreventionToken"],
        }

    def get(self, path: str) -> Any:
        """The data that a GET of `path` (below /api2/json) answers."""
        return self.request("GET", path)

    def request(self, method: str, path: str, parameters: Parameters | None = None) -> Any:
        """The data of an answer.

        Raises:
            ApiError: PVE refused; it carries PVE's own text.
            UnreachableError: nothing answers, or the connection broke before the answer.
        """
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return self._once(method, path, parameters)
            except ssl.SSLCertVerificationError as error:
                raise UnreachableError(
                    f"the certificate of {self._url} is not trusted: {error.verify_message}",
                    hint="set HOMELAB_CA_FILE to the CA's file",
                ) from error
            except (OSError, HTTPException) as error:
                refused = isinstance(error, ConnectionRefusedError)
                if time.monotonic() >= deadline or not (refused or method == "GET"):
                    raise UnreachableError(
                        f"{method} {self._url}/{path}: {str(error) or type(error).__name__}",
                        hint="see whether the API answers there ('homelab lab status')",
                    ) from error
                time.sleep(0.2)

    def run(self, method: str, path: str, parameters: Parameters | None = None) -> str:
        """Send a request that starts a task, and wait for the task's end.

        Raises:
            TaskError: the task failed.
            WaitTimeoutError: it did not end in time.
        """
        upid = str(self.request(method, path, parameters))
        wait_for_task(self.get, upid, timeout=self._task_timeout)
        return upid

    def close(self) -> None:
        """Close what is open."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def _once(self, method: str, path: str, parameters: Parameters | None) -> Any:
        headers = dict(self._ticket)
        body = urlencode(parameters) if parameters else None
        if body is not None:
            headers["Content-Type"] = _FORM
        connection = self._take(fresh=method != "GET")
        kept = False
        try:
            connection.request(method, f"{self._base}/{path}", body=body, headers=headers)
            response = connection.getresponse()
            data = response.read()
            kept = not response.will_close
        finally:
            if kept:
                with self._lock:
                    self._idle.append((time.monotonic(), connection))
            else:
                connection.close()
        _log.debug("%s %s: %s %s", method, path, response.status, response.reason)
        return _answer(f"{method} /{path}", response, data)

    def _take(self, *, fresh: bool) -> HTTPConnection:
        """An open connection; for a request that must not be sent twice, none that idled for long."""
        with self._lock:
            while self._idle:
                since, connection = self._idle.pop()
                if not fresh or time.monotonic() - since < _IDLE_LIMIT:
                    return connection
                connection.close()
        if self._tls is None:
            return HTTPConnection(self._host, self._port, timeout=60)
        return HTTPSConnection(self._host, self._port, timeout=60, context=self._tls)


def _tls(ca_file: str | None, *, verify: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ConfigurationError(
            f"can't read the CA file {ca_file}: {error.strerror}",
            hint="set HOMELAB_CA_FILE to an existing file; 'homelab lab env' prints the lab's",
        ) from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _answer(request: str, response: HTTPResponse, data: bytes) -> Any:
    try:
        document = json.loads(data) if data else {}
    except ValueError:
        document = {}
    if not isinstance(document, dict):
        document = {}
    if response.status < 400:
        return document.get("data")
    reason = str(document.get("message") or response.reason).strip()
    errors = document.get("errors")
    if isinstance(errors, dict):
        reason += "".join(f"\n{name}: {str(text).strip()}" for name, text in sorted(errors.items()))
    raise ApiError(response.status, reason, request=request)

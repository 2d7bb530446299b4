"""Who asks: tickets with their CSRF token, and API tokens; the secrets behind both.

As on a real node, root's password, token secrets and the signing key are kept outside the
database, in one file that only the server's user can read.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import unquote

from homelab.errors import ConfigurationError, HomelabError
from homelab.files import replace_file
from homelab.pve.schema import printable

ROOT = "root@pam"
TOKEN_NAME = "homelab"  # noqa: S105
_LIFETIME = 7200
_SKEW = 300
_REMEMBERED = 1000
_TICKET_COOKIE = "PVEAuthCookie"
_TOKEN_SCHEME = "PVEAPIToken"  # noqa: S105


class AuthenticationError(HomelabError):
    """The caller is not who it says, or says nothing; the message is PVE's reason phrase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who made a request; `tokenid` is the token's name when one was used."""

    user: str
    tokenid: str | None = None

    @property
    def is_root(self) -> bool:
        """Whether it is root by ticket, which alone may do some things."""
        return self.user == ROOT and self.tokenid is None

    def __str__(self) -> str:
        return self.user if self.tokenid is None else f"{self.user}!{self.tokenid}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Secrets:
    """The node's secrets."""

    password: str
    token_secret: str
    key: bytes

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file, or make it with random secrets.

        Raises:
            ConfigurationError: the file is damaged, or can't be read or written.
        """
        try:
            if path.exists():
                data = json.loads(path.read_text(encoding="utf-8"))
                return cls(
                    password=str(data["password"]),
                    token_secret=str(data["token_secret"]),
                    key=bytes.fromhex(data["key"]),
                )
            made = cls(
                password=secrets.token_urlsafe(12),
                token_secret=str(uuid.uuid4()),
                key=secrets.token_bytes(32),
            )
            made.save(path)
        except OSError as error:
            raise ConfigurationError(
                f"can't use {path}: {os.strerror(error.errno or 0)}"
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"{path} is damaged: {error}", hint="remove the lab with 'homelab lab destroy'"
            ) from error
        return made

    def save(self, path: Path) -> None:
        """Write the file, readable by its owner only."""
        data = {
            "password": self.password,
            "token_secret": self.token_secret,
            "key": self.key.hex(),
        }
        replace_file(path, json.dumps(data), mode=0o600)


class Directory(Protocol):
    """Knows users and tokens that were made through the API."""

    def is_active(self, userid: str) -> bool:
        """Whether a user exists, is enabled and has not expired."""

    def password_matches(self, userid: str, password: str) -> bool | None:
        """Whether it is the user's password; None when none was set through the API."""

    def token_matches(self, userid: str, tokenid: str, secret: str) -> bool | None:
        """Whether it is the token's value; None when there is no such token."""


class Authenticator:
    """Checks credentials; stateless, so that tickets outlive the server."""

    def __init__(
        self,
        secret: Secrets,
        *,
        directory: Directory | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Without `directory` there is root alone."""
        self._secret = secret
        self._directory = directory
        self._clock = clock
        self._signed: dict[str, str] = {}

    def login(self, username: str, password: str) -> tuple[str, str]:
        """A ticket and its CSRF token, for the right password or for a valid ticket in its place.

        Raises:
            AuthenticationError: unknown user or wrong password.
        """
        known = self._is_password(username, password) or self._user_of(password) == username
        if not known or not self._is_active(username):
            raise AuthenticationError("authentication failure")
        stamp = f"{int(self._clock()):08X}"
        plain = f"PVE:{username}:{stamp}"
        return f"{plain}::{self._sign(plain)}", f"{stamp}:{self._sign(f'{stamp}:{username}')}"

    def authenticate(
        self, headers: Mapping[str, str], cookies: Mapping[str, str], *, writes: bool
    ) -> Caller:
        """Who sent a request; a request that `writes` needs the CSRF token beside a ticket.

        Raises:
            AuthenticationError: no credentials, or wrong ones.
        """
        scheme, rest = _scheme(printable(headers.get("Authorization", "")))
        if _TICKET_COOKIE in cookies:
            ticket = unquote(printable(cookies[_TICKET_COOKIE]))
            return self._by_ticket(ticket, headers, writes=writes)
        if scheme == _TOKEN_SCHEME:
            return self._by_token(unquote(rest))
        if scheme == _TICKET_COOKIE:
            return self._by_ticket(unquote(rest), headers, writes=writes)
        raise AuthenticationError("No ticket")

    def _is_password(self, username: str, password: str) -> bool:
        directory = self._directory
        good = None if directory is None else directory.password_matches(username, password)
        if good is None and username == ROOT:
            good = hmac.compare_digest(password.encode(), self._secret.password.encode())
        return bool(good)

    def _is_active(self, username: str) -> bool:
        return username == ROOT or (
            self._directory is not None and self._directory.is_active(username)
        )

    def _by_token(self, value: str) -> Caller:
        name, _, secret = value.partition("=")
        user, _, tokenid = name.partition("!")
        directory = self._directory
        good = None if directory is None else directory.token_matches(user, tokenid, secret)
        if good is None and (user, tokenid) == (ROOT, TOKEN_NAME):
            good = hmac.compare_digest(secret.encode(), self._secret.token_secret.encode())
        if good is None:
            raise AuthenticationError(f"no such token '{tokenid}' for user '{user}'")
        if not good or not self._is_active(user):
            raise AuthenticationError("invalid token value!")
        return Caller(user=user, tokenid=tokenid)

    def _by_ticket(self, ticket: str, headers: Mapping[str, str], *, writes: bool) -> Caller:
        user = self._user_of(ticket)
        if user is None or not self._is_active(user):
            raise AuthenticationError("permission denied - invalid PVE ticket")
        if writes and not self._is_csrf(headers.get("CSRFPreventionToken", ""), user):
            raise AuthenticationError("Permission denied - invalid csrf token")
        return Caller(user=user)

    def _user_of(self, ticket: str) -> str | None:
        plain, separator, signature = ticket.partition("::")
        parts = plain.split(":")
        if not separator or len(parts) != 3 or parts[0] != "PVE":
            return None
        if not hmac.compare_digest(signature.encode(), self._sign(plain).encode()):
            return None
        return parts[1] if self._is_recent(parts[2]) else None

    def _is_csrf(self, value: str, user: str) -> bool:
        stamp, _, signature = printable(value).partition(":")
        expected = self._sign(f"{stamp}:{user}")
        return hmac.compare_digest(signature.encode(), expected.encode()) and self._is_recent(stamp)

    def _is_recent(self, stamp: str) -> bool:
        age = self._clock() - int(stamp, 16)
        return -_SKEW < age < _LIFETIME

    def _sign(self, text: str) -> str:
        """The signature of a text; each is worked out once, since clients send it again and again."""
        signature = self._signed.get(text)
        if signature is None:
            digest = hmac.new(self._secret.key, text.encode(), hashlib.sha256).digest()
            signature = base64.b64encode(digest).decode().rstrip("=")
            if len(self._signed) >= _REMEMBERED:
                self._signed = {}
            self._signed[text] = signature
        return signature


def _scheme(header: str) -> tuple[str, str]:
    """`PVEAPIToken=...` or `PVEAPIToken ...` (also of PVEAuthCookie) in its two parts."""
    for scheme in (_TOKEN_SCHEME, _TICKET_COOKIE):
        if header.startswith((f"{scheme}=", f"{scheme} ")):
            return scheme, header[len(scheme) + 1 :].strip()
    return "", ""

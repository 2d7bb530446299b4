"""Telling people, through ntfy (https://docs.ntfy.sh/publish/)."""

from __future__ import annotations

import requests

from homelab.errors import UnreachableError
from homelab.escaping import header, terminal

_TIMEOUT = 15


def notify(
    url: str, message: str, *, title: str, urgent: bool = False, link: str | None = None
) -> None:
    """Publish a message on a topic's URL. The URL is a secret and stays out of errors.

    Raises:
        UnreachableError: it was not taken.
    """
    headers = {"Title": header(title), "Priority": b"high" if urgent else b"default"}
    if link is not None:
        headers["Click"] = header(link)
    try:
        answer = requests.post(
            url, data=terminal(message).encode(), headers=headers, timeout=_TIMEOUT
        )
    except requests.RequestException as error:
        raise UnreachableError(f"ntfy does not answer ({type(error).__name__})") from error
    if not answer.ok:
        raise UnreachableError(f"ntfy did not take the message: {answer.status_code}")

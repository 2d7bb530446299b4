"""Talking to a running lab about the lab itself: its faults."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import asdict
from urllib.parse import urlsplit

from homelab.errors import ConfigurationError, UnreachableError
from homelab.lab.node.faults import Fault
from homelab.lab.server.info import LabInfo

_TIMEOUT = 10.0


class Control:
    """Asks the lab's server with the credentials that its state has.

    Every call raises UnreachableError where the lab does not answer.
    """

    def __init__(self, info: LabInfo) -> None:
        self._info = info

    def faults(self) -> tuple[Fault, ...]:
        """The faults that there are, with how often each has hit."""
        found = self._ask("GET")
        return tuple(Fault.load(value) for value in found) if isinstance(found, list) else ()

    def add_fault(self, fault: Fault) -> Fault:
        """Add a fault; returns it with its id.

        Raises:
            ConfigurationError: it matches nothing, or does nothing.
        """
        fault.check()
        added = self._ask("POST", asdict(fault))
        return Fault.load(added) if isinstance(added, dict) else fault

    def clear_faults(self, identity: str | None = None) -> int:
        """Remove one fault or all; returns how many."""
        count = self._ask("DELETE", None if identity is None else {"id": identity})
        return count if isinstance(count, int) else 0

    def _ask(self, method: str, value: dict[str, object] | None = None) -> object:
        info = self._info
        address = urlsplit(info.api_url)
        connection = http.client.HTTPSConnection(
            address.hostname or "127.0.0.1",
            address.port,
            timeout=_TIMEOUT,
            context=ssl.create_default_context(cafile=info.ca_file),
        )
        token = f"PVEAPIToken={info.token_id}={info.token_secret}"
        body = None if value is None else json.dumps(value)
        try:
            connection.request(method, "/lab/faults", body, {"Authorization": token})
            answer = connection.getresponse()
            content = json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise UnreachableError(
                f"the lab at {info.api_url} does not answer: {error}",
                hint="see 'homelab lab status'",
            ) from error
        finally:
            connection.close()
        if answer.status != 200:
            raise ConfigurationError(str(content.get("message", answer.reason)).strip())
        found: object = content["data"]
        return found

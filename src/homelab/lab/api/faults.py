"""What is the lab's own and no part of PVE's API: faults on demand, under /lab, for root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson

from homelab.errors import ConfigurationError
from homelab.lab.access.tickets import Caller
from homelab.lab.failures import ApiFailureError, forbidden
from homelab.lab.node.context import Context
from homelab.lab.node.faults import Fault


def handle(context: Context, caller: Caller, method: str, path: str, body: bytes) -> object:
    """Answer a request to the lab itself.

    Raises:
        ApiFailureError: not root, no such thing, or a wrong fault.
    """
    if not context.access.is_almighty(caller):
        raise forbidden("the lab itself is for root@pam")
    match method, path.rstrip("/"):
        case "GET", "/faults":
            return [asdict(fault) for fault in context.faults.all()]
        case "POST", "/faults":
            try:
                return asdict(context.faults.add(Fault.load(_object(body))))
            except (ValueError, ConfigurationError) as error:
                raise ApiFailureError(str(error), status=400) from error
        case "DELETE", "/faults":
            try:
                return context.faults.clear(str(_object(body)["id"]) if body else None)
            except (ValueError, KeyError) as error:
                raise ApiFailureError("name a fault by its id", status=400) from error
    raise ApiFailureError(f"Method '{method} /lab{path}' not implemented", status=501)


def _object(body: bytes) -> Mapping[str, Any]:
    """The members of a JSON object; of anything else, none.

    Raises:
        ValueError: it is no JSON.
    """
    found = orjson.loads(body)
    return found if isinstance(found, dict) else {}

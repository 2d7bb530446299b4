"""From a request to a reply: find the endpoint, authenticate, authorise, verify, handle."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

import orjson

from homelab.errors import HomelabError
from homelab.lab.access.tickets import AuthenticationError, Caller
from homelab.lab.api import faults, rights
from homelab.lab.api.endpoint import Call, Encoded, Endpoint, Page
from homelab.lab.api.names import is_plain, path_parameter
from homelab.lab.api.parameters import read_parameters
from homelab.lab.api.router import Router
from homelab.lab.api.table import ENDPOINTS
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.node.context import Context
from homelab.lab.runtime import RuntimeFailureError
from homelab.lab.state.database import StateError
from homelab.pve.schema import ParameterError, RawValue, printable, verify
from homelab.pve.upid import Upid

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

_PREFIX = "/api2/json"
_EXTJS_PREFIX = "/api2/extjs"
"""The same for PVE's web interface: an error is status 200 with `success` 0."""
_OWN_PREFIX = "/lab"
"""What is the lab's own and no part of PVE's API."""
_NOBODY = Caller(user="")
_REMEMBERED = 20_000
"""Variables of paths, from which on they are forgotten."""
_LONGEST_REMEMBERED = 128
"""Characters of a path's variables, beyond which they are worked out each time."""
_GUEST_IN_PATH = re.compile(r"/lxc/(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it came in."""

    method: str
    path: str
    """Still percent-encoded, without the query."""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunked: bool = False
    upload: Path | None = None
    """Where the file of a multipart body is, or will be; its fields are the body, as a form."""
    peer: str = ""
    """The address that it came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is sent back; the reason phrase is part of PVE's interface."""

    status: int
    """0 means that the connection is closed without a reply."""
    reason: str
    body: bytes


class Dispatcher:
    """Serves the table of endpoints for one node."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._router = Router(ENDPOINTS)
        self._rights = {(e.method, e.path): _asked_first(e) for e in ENDPOINTS}
        self._values: dict[tuple[tuple[str, str], ...], rights.Values] = {}

    def dispatch(self, request: Request) -> Reply:
        """Answer one request; blocks as long as its handler does."""
        if f"{request.path}/".startswith(f"{_EXTJS_PREFIX}/"):
            path = _PREFIX + request.path.removeprefix(_EXTJS_PREFIX)
            return _for_extjs(self.dispatch(replace(request, path=path)))
        data = self._tried(request, self._handle)
        if isinstance(data, Reply):
            return data
        if isinstance(data, Encoded):
            return Reply(status=200, reason="OK", body=data.body)
        reply: dict[str, object] = {"data": str(data) if isinstance(data, Upid) else data}
        if isinstance(data, Page):
            reply = {"data": data.items, "total": data.total}
        return Reply(status=200, reason="OK", body=orjson.dumps(reply))

    def admit(self, head: Request) -> Caller | Reply:
        """Who sends a request, or its refusal, from all but its body; never blocks.

        Before a file comes in its sender must have the right to bring it. Everything else is
        decided again, with the body, by `dispatch`.
        """
        if f"{head.path}/".startswith(f"{_EXTJS_PREFIX}/"):
            path = _PREFIX + head.path.removeprefix(_EXTJS_PREFIX)
            admitted = self.admit(replace(head, path=path))
            return _for_extjs(admitted) if isinstance(admitted, Reply) else admitted
        return self._tried(head, self._admit)

    def _tried(self, request: Request, work: Callable[[Request], _Result]) -> _Result | Reply:
        """What `work` returns, or the reply that its error is."""
        try:
            return work(request)
        except ApiFailureError as error:
            return failure(error.status, error.message, error.errors)
        except ParameterError as error:
            return failure(400, error.message, error.errors)
        except AuthenticationError as error:
            return failure(401, error.message)
        except (RuntimeFailureError, StateError) as error:
            return failure(500, error.message)
        except _DropError:
            return Reply(status=0, reason="", body=b"{}")
        except HomelabError as error:
            _log.exception("%s %s", request.method, request.path)
            return failure(500, error.message)

    def is_quick(self, request: Request) -> bool:
        """Whether `dispatch` does not block, so that it needs no thread of its own."""
        context = self._context
        if request.method != "GET" or not context.faults.are_none:
            return False
        found = self._router.find("GET", request.path.removeprefix(_PREFIX))
        return found is not None and found[0].quick and context.runtime.changes() is not None

    def _admit(self, head: Request) -> Caller:
        path = unquote(head.path)
        if path.startswith(f"{_OWN_PREFIX}/"):
            return self._authenticate(head, None)
        if path != _PREFIX and not path.startswith(f"{_PREFIX}/"):
            raise ApiFailureError(f"no such file '{path}'", status=404)
        found = self._router.find(head.method, path.removeprefix(_PREFIX) or "/")
        caller = self._authenticate(head, None if found is None else found[0])
        if found is not None and head.upload is not None:
            endpoint, variables = found
            self._authorise(caller, endpoint, {}, variables)
        return caller

    def _handle(self, request: Request) -> object:
        path = unquote(request.path)
        if path.startswith(f"{_OWN_PREFIX}/"):
            caller = self._authenticate(request, None)
            return faults.handle(
                self._context, caller, request.method, path.removeprefix(_OWN_PREFIX), request.body
            )
        if path != _PREFIX and not path.startswith(f"{_PREFIX}/"):
            raise ApiFailureError(f"no such file '{path}'", status=404)
        path = path.removeprefix(_PREFIX) or "/"
        self._suffer(request.method, path)
        if request.chunked:
            raise ApiFailureError("chunked transfer encoding not supported", status=501)
        if request.body and request.method in {"GET", "DELETE"}:
            raise ApiFailureError(f"Unexpected content for method '{request.method}'", status=501)
        found = self._router.find(request.method, path)
        caller = self._authenticate(request, None if found is None else found[0])
        if found is None:
            raise ApiFailureError(f"Method '{request.method} {path}' not implemented", status=501)
        endpoint, variables = found
        if endpoint.tickets_only and caller.tokenid is not None:
            raise ApiFailureError(
                f"URI '{path}' not available with API token, need proper ticket.", status=403
            )
        raw = _merged(
            read_parameters(request.query, request.headers.get("Content-Type"), request.body),
            variables,
        )
        self._authorise(caller, endpoint, raw, variables)
        known = {name: path_parameter(name) for name in variables}
        args = verify(raw, {**endpoint.parameters, **known})
        context = self._context
        if "node" in variables:
            context = context.at(self._node(args.text("node")))
        with context.state.together():
            return endpoint.handler(
                context,
                Call(caller=caller, args=args, upload=request.upload, peer=request.peer),
            )

    def _authorise(
        self,
        caller: Caller,
        endpoint: Endpoint,
        raw: Mapping[str, RawValue],
        variables: Mapping[str, str],
    ) -> None:
        """Ask for the endpoint's right, with the values that its handler will see.

        What names the object is verified before, and is refused in any other spelling: a right on
        /vms/101 is asked for where 101 is used, and nowhere else.
        """
        values = self._spelled(variables)
        needed, more = self._rights[endpoint.method, endpoint.path]
        if needed is None:
            return
        if more:
            known = {name: endpoint.parameters[name] for name in more}
            args = verify({name: raw[name] for name in more if name in raw}, known)
            values = {**values, **rights.values_of(args, home=self._context.home)}
        rights.require(self._context.access, caller, needed, values)

    def _spelled(self, variables: Mapping[str, str]) -> rights.Values:
        """What the variables of a path mean, each in its one spelling; worked out once for each.

        Raises:
            ParameterError: one is written otherwise.
        """
        key = tuple(variables.items())
        values = self._values.get(key)
        if values is None:
            known = {name: path_parameter(name) for name in variables}
            wrong = {
                name: f"type check ('integer') failed - got '{value}'"
                for name, value in variables.items()
                if not is_plain(value, known[name])
            }
            if wrong:
                raise ParameterError(wrong)
            values = rights.values_of(verify(variables, known), home=self._context.home)
            if len(self._values) >= _REMEMBERED:
                self._values = {}
            if sum(map(len, variables.values())) <= _LONGEST_REMEMBERED:
                self._values[key] = values
        return values

    def _suffer(self, method: str, path: str) -> None:
        """Do to a request what a fault says."""
        fault = self._context.faults.for_request(method, path)
        if fault is None:
            return
        time.sleep(fault.delay)
        if fault.drop:
            raise _DropError("dropped by a fault")
        if not fault.only_delays:
            guest = _GUEST_IN_PATH.search(path)
            name = f"pve-config-{guest[1]}" if guest else "pve-manager"
            raise ApiFailureError(fault.error(f"/run/lock/lxc/{name}.lock"), status=fault.status)

    def _authenticate(self, request: Request, endpoint: Endpoint | None) -> Caller:
        needs_login = endpoint is None or endpoint.permission != "world"
        takes_file = endpoint is not None and endpoint.takes_file
        if request.upload is not None and not takes_file:
            raise ApiFailureError(
                "upload not allowed with content type 'multipart/form-data'", status=506
            )
        if not needs_login and "Authorization" not in request.headers:
            return _NOBODY
        has_file = request.upload is not None
        writes = needs_login and request.method not in {"GET", "HEAD"} and not has_file
        try:
            return self._context.authenticator.authenticate(
                request.headers, request.cookies, writes=writes
            )
        except AuthenticationError:
            if needs_login:
                raise
            return _NOBODY

    def _node(self, name: str) -> str:
        context = self._context
        if name == "localhost":
            return context.home
        if name not in context.nodes:
            raise ApiFailureError(
                f"hostname lookup '{name}' failed - failed to get address info for: "
                f"{name}: Name or service not known"
            )
        if name in context.faults.down:
            raise ApiFailureError("No route to host", status=595)
        return name


def _asked_first(endpoint: Endpoint) -> tuple[rights.Right | None, frozenset[str]]:
    """The right that is asked for before the handler, and what decides on it beside the path."""
    right = rights.asked_first(endpoint.permission)
    decides = frozenset() if right is None else rights.variables(right)
    return right, decides & endpoint.parameters.keys()


class _DropError(HomelabError):
    """The connection is to be closed without a reply."""


def _merged(raw: Mapping[str, RawValue], variables: Mapping[str, str]) -> dict[str, RawValue]:
    """Parameters of the request and of its path; one in both must be the same."""
    for name, value in variables.items():
        if name in raw and raw[name] != value:
            raise invalid(
                name, "duplicate parameter (already defined in URI) with conflicting values!"
            )
    return {**raw, **variables}


def _for_extjs(reply: Reply) -> Reply:
    """A refused login stays what it is, as on PVE, where it comes before the format is chosen."""
    if reply.status in {0, 401}:
        return reply
    more = {"success": 0, "status": reply.status} if reply.status >= 400 else {"success": 1}
    body = orjson.dumps(more)[:-1] + b"," + reply.body[1:]
    return Reply(status=200, reason="OK", body=body)


def failure(status: int, message: str, errors: Mapping[str, str] | None = None) -> Reply:
    """A refusal, as PVE words it."""
    message = printable(message.strip())
    lines = message.splitlines() or ["unknown error"]
    body: dict[str, object] = {"data": None, "message": f"{message}\n"}
    if errors:
        body["errors"] = {printable(name): printable(text) for name, text in errors.items()}
    return Reply(status=status, reason=lines[0], body=orjson.dumps(body))

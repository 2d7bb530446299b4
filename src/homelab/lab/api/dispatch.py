"""From a request to a reply: find the endpoint, authenticate, authorise, verify, handle."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

import orjson

from homelab.errors import HomelabError
from homelab.lab.api.endpoint import Call, Endpoint, Page, Privilege
from homelab.lab.api.router import Router
from homelab.lab.api.table import ENDPOINTS
from homelab.lab.auth import AuthenticationError, Caller
from homelab.lab.context import Context
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.runtime import RuntimeFailureError
from homelab.lab.state import StateError
from homelab.pve.schema import Parameter, ParameterError, RawValue, verify

_log = logging.getLogger(__name__)

_PREFIX = "/api2/json"
_NOBODY = Caller(user="")
_FORM = "application/x-www-form-urlencoded"
_PATH_PARAMETERS: Mapping[str, Parameter] = {
    "vmid": Parameter(type="integer", required=True, minimum=100, maximum=999_999_999),
    "node": Parameter(required=True, pattern=r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"),
}
_ANY_PATH_PARAMETER = Parameter(required=True)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is sent back; the reason phrase is part of PVE's interface."""

    status: int
    reason: str
    body: bytes


class Dispatcher:
    """Serves the table of endpoints for one node."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._router = Router(ENDPOINTS)

    def dispatch(self, request: Request) -> Reply:
        """Answer one request; blocks as long as its handler does."""
        try:
            data = self._handle(request)
        except ApiFailureError as error:
            return _failure(error.status, error.message, error.errors)
        except ParameterError as error:
            return _failure(400, error.message, error.errors)
        except AuthenticationError as error:
            return _failure(401, error.message)
        except (RuntimeFailureError, StateError) as error:
            return _failure(500, error.message)
        except HomelabError as error:
            _log.exception("%s %s", request.method, request.path)
            return _failure(500, error.message)
        reply: dict[str, object] = {"data": data}
        if isinstance(data, Page):
            reply = {"data": data.items, "total": data.total}
        return Reply(status=200, reason="OK", body=orjson.dumps(reply))

    def _handle(self, request: Request) -> object:
        path = unquote(request.path)
        if path != _PREFIX and not path.startswith(f"{_PREFIX}/"):
            raise ApiFailureError(f"no such file '{path}'", status=404)
        path = path.removeprefix(_PREFIX) or "/"
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
        if isinstance(endpoint.permission, Privilege):
            where = endpoint.permission.path.format(**variables)
            self._context.access.require(caller, where, endpoint.permission.name)
        raw = _merged(_parameters(request), variables)
        known = {name: _PATH_PARAMETERS.get(name, _ANY_PATH_PARAMETER) for name in variables}
        args = verify(raw, {**endpoint.parameters, **known})
        self._check_node(args.text("node") if "node" in variables else self._context.node)
        return endpoint.handler(self._context, Call(caller=caller, args=args))

    def _authenticate(self, request: Request, endpoint: Endpoint | None) -> Caller:
        needs_login = endpoint is None or endpoint.permission != "world"
        if not needs_login and "Authorization" not in request.headers:
            return _NOBODY
        try:
            return self._context.authenticator.authenticate(
                request.headers,
                request.cookies,
                writes=needs_login and request.method not in {"GET", "HEAD"},
            )
        except AuthenticationError:
            if needs_login:
                raise
            return _NOBODY

    def _check_node(self, node: str) -> None:
        if node not in {self._context.node, "localhost"}:
            raise ApiFailureError(
                f"hostname lookup '{node}' failed - failed to get address info for: "
                f"{node}: Name or service not known"
            )


def _parameters(request: Request) -> dict[str, RawValue]:
    """Query and body; the query wins."""
    body: dict[str, RawValue] = {}
    if request.body:
        kind = request.headers.get("Content-Type", _FORM).partition(";")[0].strip().lower()
        if kind == "application/json":
            body = _from_json(request.body)
        elif kind == _FORM:
            body = _from_form(request.body.decode(errors="replace"))
        else:
            raise ApiFailureError(f"upload not allowed with content type '{kind}'", status=506)
    return {**body, **_from_form(request.query)}


def _from_form(text: str) -> dict[str, RawValue]:
    values: dict[str, RawValue] = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        earlier = values.get(key)
        if earlier is None:
            values[key] = value
        elif isinstance(earlier, list):
            earlier.append(value)
        else:
            values[key] = [earlier, value]
    return values


def _from_json(body: bytes) -> dict[str, RawValue]:
    try:
        data = json.loads(body)
    except ValueError as error:
        raise ApiFailureError("malformed JSON string", status=500) from error
    if not isinstance(data, dict):
        raise ApiFailureError("malformed JSON string, neither object nor list", status=500)
    return {
        str(key): [_wire(item) for item in value] if isinstance(value, list) else _wire(value)
        for key, value in data.items()
        if value is not None
    }


def _wire(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def _merged(raw: Mapping[str, RawValue], variables: Mapping[str, str]) -> dict[str, RawValue]:
    """Parameters of the request and of its path; one in both must be the same."""
    for name, value in variables.items():
        if name in raw and raw[name] != value:
            raise invalid(
                name, "duplicate parameter (already defined in URI) with conflicting values!"
            )
    return {**raw, **variables}


def _failure(status: int, message: str, errors: Mapping[str, str] | None = None) -> Reply:
    lines = message.strip().splitlines() or ["unknown error"]
    body: dict[str, object] = {"data": None, "message": f"{message.strip()}\n"}
    if errors:
        body["errors"] = dict(errors)
    return Reply(status=status, reason=lines[0], body=orjson.dumps(body))

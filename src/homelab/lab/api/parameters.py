"""The parameters of a request as they were sent: from its query, and from a form or JSON."""

from __future__ import annotations

import json
from math import isfinite
from urllib.parse import parse_qsl

from homelab.lab.failures import ApiFailureError
from homelab.pve.schema import ParameterError, RawValue

_FORM = "application/x-www-form-urlencoded"


def read_parameters(query: str, content_type: str | None, body: bytes) -> dict[str, RawValue]:
    """Query and body; the query wins.

    Bytes that are no UTF-8 become lone surrogates, which no parameter may hold.

    Raises:
        ApiFailureError: the body can't be read.
        ParameterError: a value of JSON is none that a parameter may have.
    """
    sent: dict[str, RawValue] = {}
    if body:
        kind = (content_type or _FORM).partition(";")[0].strip().lower()
        if kind == "application/json":
            sent = _from_json(body)
        elif kind == _FORM:
            sent = _from_form(body.decode(errors="surrogateescape"))
        else:
            raise ApiFailureError(f"upload not allowed with content type '{kind}'", status=506)
    return {**sent, **_from_form(query)}


def _from_form(text: str) -> dict[str, RawValue]:
    values: dict[str, list[str]] = {}
    for key, value in parse_qsl(text, keep_blank_values=True, errors="surrogateescape"):
        values.setdefault(key, []).append(value)
    return {key: found if len(found) > 1 else found[0] for key, found in values.items()}


def _from_json(body: bytes) -> dict[str, RawValue]:
    try:
        data = json.loads(body, parse_int=str, parse_constant=_no_constant)
    except RecursionError as error:
        raise ApiFailureError("malformed JSON string, nested too deeply", status=400) from error
    except ValueError as error:
        raise ApiFailureError("malformed JSON string", status=500) from error
    if not isinstance(data, dict):
        raise ApiFailureError("malformed JSON string, neither object nor list", status=500)
    errors: dict[str, str] = {}
    values: dict[str, RawValue] = {}
    for key, value in data.items():
        items = value if isinstance(value, list) else [value]
        wrong = [kind for kind in map(_unlike_a_form, items) if kind is not None]
        if value is None:
            continue
        if wrong:
            errors[key] = f"type check ('string') failed - got {wrong[0]}"
        else:
            texts = [str(int(item) if isinstance(item, bool) else item) for item in items]
            values[key] = texts if isinstance(value, list) else texts[0]
    if errors:
        raise ParameterError(errors)
    return values


def _no_constant(word: str) -> str:
    """NaN and Infinity are texts, which no number is."""
    return word


def _unlike_a_form(value: object) -> str | None:
    """What a value is, in Perl's words, that a form could not carry."""
    if isinstance(value, float) and not isfinite(value):
        return "'inf'"
    if isinstance(value, str | float | bool):
        return None
    if isinstance(value, dict):
        return "HASH"
    return "ARRAY" if isinstance(value, list) else "UNDEF"

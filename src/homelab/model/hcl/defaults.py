"""Plain values with the defaults of the model that they should fit, whether they do or not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel


def filled(model: type[BaseModel], value: Any) -> Any:
    """The value with the defaults of a model; what is no object stays as it is."""
    if not isinstance(value, Mapping):
        return value
    whole = dict(value)
    for name, info in model.model_fields.items():
        inner, is_many = model_in(info.annotation)
        if name not in whole:
            if not info.is_required():
                whole[name] = _plain(info.get_default(call_default_factory=True))
        elif inner is not None and is_many and isinstance(whole[name], list):
            whole[name] = [filled(inner, item) for item in whole[name]]
        elif inner is not None:
            whole[name] = filled(inner, whole[name])
    return whole


@cache
def attribute_names(model: type[BaseModel], prefix: str = "") -> Mapping[str, tuple[str, ...]]:
    """The attributes known at each dotted path of a model, for suggestions."""
    names: dict[str, tuple[str, ...]] = {prefix: tuple(model.model_fields)}
    for field, info in model.model_fields.items():
        inner, _ = model_in(info.annotation)
        if inner is not None:
            names.update(attribute_names(inner, f"{prefix}.{field}".lstrip(".")))
    return names


def model_in(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The model that an annotation holds, and whether it holds many."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    is_many = getattr(annotation, "__origin__", None) is tuple
    for argument in getattr(annotation, "__args__", ()):
        found, many = model_in(argument)
        if found is not None:
            return found, is_many or many
    return None, False


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return list(value) if isinstance(value, tuple) else value

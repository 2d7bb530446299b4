"""The part of GitHub's expression language that the workflows use; anything else is an error.

https://docs.github.com/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>\d+)|(?P<word>[A-Za-z_][\w.-]*)"
    r"|(?P<sign>==|!=|&&|\|\||[!(),]))"
)
_PLACE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_CONSTANTS = {"true": True, "false": False, "null": None}
_STATUS = {"success", "failure", "always", "cancelled"}

Functions = Mapping[str, Callable[..., Any]]


@dataclass(slots=True)
class _Reader:
    tokens: list[tuple[str, str]]
    contexts: Mapping[str, Any]
    functions: Functions
    at: int = 0

    def take(self, sign: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == ("sign", sign):
            self.at += 1
            return True
        return False

    def either(self) -> Any:
        value = self.both()
        while self.take("||"):
            other = self.both()
            value = value or other
        return value

    def both(self) -> Any:
        value = self.equal()
        while self.take("&&"):
            other = self.equal()
            value = value and other
        return value

    def equal(self) -> Any:
        value = self.single()
        if self.take("=="):
            return value == self.single()
        if self.take("!="):
            return value != self.single()
        return value

    def single(self) -> Any:
        if self.take("!"):
            return not self.single()
        if self.take("("):
            value = self.either()
            assert self.take(")"), "a bracket is not closed"
            return value
        kind, text = self.tokens[self.at]
        self.at += 1
        match kind:
            case "string":
                return text[1:-1].replace("''", "'")
            case "number":
                return int(text)
            case "word" if text in _CONSTANTS:
                return _CONSTANTS[text]
            case "word" if self.take("("):
                arguments = []
                while not self.take(")"):
                    arguments.append(self.either())
                    self.take(",")
                return self.functions[text](*arguments)
            case "word":
                return self.look_up(text)
        raise AssertionError(f"unexpected {text!r}")

    def look_up(self, name: str) -> Any:
        """A property; one that is missing is null, a context that is missing is a mistake."""
        first, *rest = name.split(".")
        value = self.contexts[first]
        for key in rest:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value


def evaluate(text: str, contexts: Mapping[str, Any], functions: Functions) -> Any:
    """The value of an expression."""
    tokens: list[tuple[str, str]] = []
    at = 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match is not None, f"not understood: {text[at:]!r}"
        assert match.lastgroup is not None
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    reader = _Reader(tokens, contexts, functions)
    value = reader.either()
    assert reader.at == len(tokens), f"left over: {tokens[reader.at :]}"
    return value


def filled(text: str, contexts: Mapping[str, Any], functions: Functions) -> str:
    """A text with its expressions replaced by their values."""

    def value(match: re.Match[str]) -> str:
        found = evaluate(match[1], contexts, functions)
        if isinstance(found, bool):
            return str(found).lower()
        return "" if found is None else str(found)

    return _PLACE.sub(value, text)


def holds(condition: str | None, contexts: Mapping[str, Any], functions: Functions) -> bool:
    """Whether an `if:` holds; one that names no status means success() as well."""
    text = "success()" if condition is None else str(condition)
    inner = _PLACE.fullmatch(text.strip())
    text = inner[1] if inner else text
    if not any(f"{name}(" in text for name in _STATUS):
        text = f"success() && ({text})"
    return bool(evaluate(text, contexts, functions))

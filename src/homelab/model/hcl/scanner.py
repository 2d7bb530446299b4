"""Tokens of HCL with their lines: what pygohcl does not say.

It runs after pygohcl accepted a file, so it need not judge the syntax; on anything else it still
ends and raises nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["name", "number", "string", "template", "punctuation", "newline", "end"]

_SPACE = re.compile(r"[ \t\r\ufeff]+|#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w-]*")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_HEREDOC = re.compile(
    r"<<-?([^\W\d][\w-]*)[ \t\r]*\n(.*?)^[ \t]*\1[ \t\r]*$", re.DOTALL | re.MULTILINE
)
_OPERATOR = re.compile(r"==|!=|<=|>=|&&|\|\||=>|\.\.\.|.", re.DOTALL)
_TEXT = re.compile(r'[^"\\$%\n]+')
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", '\\"': '"', "\\\\": "\\"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token; `text` of a string is its value, without quotes and escapes.

    A string that interpolates, and any heredoc, is a `template`.
    """

    kind: Kind
    text: str
    line: int


def tokens(source: str) -> Iterator[Token]:
    """The tokens of a file, ending with one of kind `end`."""
    position, line = 0, 1
    while position < len(source):
        if space := _SPACE.match(source, position):
            line += source.count("\n", position, space.end())
            position = space.end()
            continue
        kind, text, end = _token(source, position)
        yield Token(kind=kind, text=text, line=line)
        line += source.count("\n", position, end)
        position = end
    yield Token(kind="end", text="", line=line)


def _token(source: str, position: int) -> tuple[Kind, str, int]:
    if source[position] == "\n":
        return "newline", "\n", position + 1
    if source[position] == '"':
        return _string(source, position)
    if heredoc := _HEREDOC.match(source, position):
        return "template", heredoc[2], heredoc.end()
    if name := _NAME.match(source, position):
        return "name", name[0], name.end()
    if number := _NUMBER.match(source, position):
        return "number", number[0], number.end()
    operator = _OPERATOR.match(source, position)
    text = operator[0] if operator else source[position]
    return "punctuation", text, position + len(text)


def _string(source: str, start: int) -> tuple[Kind, str, int]:
    parts: list[str] = []
    kind: Kind = "string"
    position = start + 1
    while position < len(source) and source[position] not in '"\n':
        if text := _TEXT.match(source, position):
            parts.append(text[0])
            position = text.end()
        elif escape := _ESCAPE.match(source, position):
            parts.append(_unescape(escape[0]))
            position = escape.end()
        elif source.startswith(("$${", "%%{"), position):
            parts.append(source[position + 1 : position + 3])
            position += 3
        elif source.startswith(("${", "%{"), position):
            kind = "template"
            position = _interpolation(source, position + 2)
        else:
            parts.append(source[position])
            position += 1
    return kind, "".join(parts), min(position + 1, len(source))


def _interpolation(source: str, position: int) -> int:
    depth = 1
    while position < len(source) and depth:
        if source[position] == '"':
            _, _, position = _string(source, position)
            continue
        depth += {"{": 1, "}": -1}.get(source[position], 0)
        position += 1
    return position


def _unescape(escape: str) -> str:
    if escape[1] in "uU" and len(escape) > 2:
        code = int(f"0x{escape[2:]}", 0)
        return chr(code) if code <= 0x10FFFF else "\ufffd"
    return _ESCAPES.get(escape, escape[1:])

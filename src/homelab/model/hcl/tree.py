"""The literal part of HCL as a tree that knows the line of every key.

pygohcl gives values, but no lines; it keeps the last of two equal keys and turns an expression
into a string, both without a word. This tree says where each key is, and shows those two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from homelab.model.hcl.scanner import Token, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OPENING = {"{": "}", "[": "]", "(": ")"}
_DEEPEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key, the line of the key, and its value."""

    key: str
    line: int
    value: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value: an object, a tuple, a literal, or any other expression."""

    kind: Literal["object", "tuple", "literal", "expression"]
    line: int
    entries: tuple[Entry, ...] = ()
    items: tuple[Node, ...] = ()
    text: str = ""
    """Of an expression: its tokens, for messages and for references such as `local.media`."""

    def child(self, key: str | int) -> Node | Entry | None:
        """The last entry of that key, or the item at that index."""
        if isinstance(key, int):
            return self.items[key] if 0 <= key < len(self.items) else None
        return next((entry for entry in reversed(self.entries) if entry.key == key), None)

    def line_of(self, path: Sequence[str | int]) -> int:
        """The line of what the path names, or of as much of it as there is."""
        node, line = self, self.line
        for key in path:
            found = node.child(key)
            if found is None:
                break
            line = found.line
            node = found.value if isinstance(found, Entry) else found
        return line


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block such as `locals { ... }`; of its body only the attributes are kept."""

    type: str
    labels: tuple[str, ...]
    line: int
    body: Node


@dataclass(slots=True)
class _Reader:
    source: str
    all: list[Token] = field(init=False)
    last: int = field(init=False)
    at: int = 0
    depth: int = 0

    def __post_init__(self) -> None:
        self.all = list(tokens(self.source))
        self.last = len(self.all) - 1

    @property
    def token(self) -> Token:
        return self.all[min(self.last, self.at)]

    def is_next(self, *texts: str) -> bool:
        return self.token.kind == "punctuation" and self.token.text in texts

    def skip_newlines(self) -> None:
        while self.token.kind == "newline":
            self.at += 1

    def take(self) -> Token:
        token = self.token
        self.at += 1
        return token

    def body(self, blocks: list[Block], *, closing: bool) -> Node:
        """Attributes of a file or a block, up to its closing brace."""
        line = self.token.line
        entries: list[Entry] = []
        while True:
            self.skip_newlines()
            token = self.take()
            if token.kind == "end" or (closing and token.text == "}"):
                return Node(kind="object", line=line, entries=tuple(entries))
            if self.is_next("="):
                self.at += 1
                value = self.value(ends_at_newline=True)
                entries.append(Entry(key=token.text, line=token.line, value=value))
                continue
            labels = []
            while self.token.kind in ("name", "string"):
                labels.append(self.take().text)
            if self.is_next("{"):
                self.at += 1
                inner = self.body([], closing=True)
                blocks.append(
                    Block(type=token.text, labels=tuple(labels), line=token.line, body=inner)
                )

    def value(self, *, ends_at_newline: bool) -> Node:
        """A value up to what ends it: a comma, a closing bracket, the end of the line."""
        start = self.at
        self.depth += 1
        node = self._operand() if self.depth <= _DEEPEST else None
        self.depth -= 1
        if node is not None and self._at_end(ends_at_newline=ends_at_newline):
            return node
        self.at = start
        return self._expression(ends_at_newline=ends_at_newline)

    def _operand(self) -> Node | None:
        token = self.token
        if self.is_next("{"):
            return self._object()
        if self.is_next("["):
            return self._tuple()
        if self.is_next("-"):
            self.at += 1
            return self._literal(token.line) if self.token.kind == "number" else None
        if token.kind in ("string", "number") or (
            token.kind == "name" and token.text in ("true", "false", "null")
        ):
            return self._literal(token.line)
        return None

    def _literal(self, line: int) -> Node:
        return Node(kind="literal", line=line, text=self.take().text)

    def _object(self) -> Node | None:
        line = self.take().line
        entries: list[Entry] = []
        while True:
            self.skip_newlines()
            if self.is_next("}"):
                self.at += 1
                return Node(kind="object", line=line, entries=tuple(entries))
            key = self.take()
            if key.kind not in ("name", "string", "number") or not self.is_next("=", ":"):
                return None
            self.at += 1
            value = self.value(ends_at_newline=True)
            entries.append(Entry(key=key.text, line=key.line, value=value))
            if self.is_next(","):
                self.at += 1

    def _tuple(self) -> Node | None:
        line = self.take().line
        items: list[Node] = []
        while True:
            self.skip_newlines()
            if self.is_next("]"):
                self.at += 1
                return Node(kind="tuple", line=line, items=tuple(items))
            if self.token.kind == "end" or self.token.text == "for":
                return None
            before = self.at
            items.append(self.value(ends_at_newline=False))
            if self.at == before:
                return None
            self.skip_newlines()
            if self.is_next(","):
                self.at += 1

    def _at_end(self, *, ends_at_newline: bool) -> bool:
        if not ends_at_newline:
            self.skip_newlines()
        kind = self.token.kind
        return kind in {"end", "newline"} or self.is_next(",", "}", "]")

    def _expression(self, *, ends_at_newline: bool) -> Node:
        line = self.token.line
        parts: list[str] = []
        stack: list[str] = []
        while self.token.kind != "end":
            token = self.token
            if not stack:
                if self.is_next(",", "}", "]", ")"):
                    break
                if ends_at_newline and token.kind == "newline":
                    break
            if token.kind == "punctuation":
                if token.text in _OPENING:
                    stack.append(_OPENING[token.text])
                elif stack and token.text == stack[-1]:
                    stack.pop()
            if token.kind != "newline":
                parts.append(f'"{token.text}"' if token.kind == "string" else token.text)
            self.at += 1
        return Node(kind="expression", line=line, text="".join(parts))


def parse(source: str) -> tuple[Node, tuple[Block, ...]]:
    """A file's own attributes, and its blocks."""
    blocks: list[Block] = []
    body = _Reader(source).body(blocks, closing=False)
    return body, tuple(blocks)


def duplicates(node: Node) -> Iterator[tuple[Entry, Entry]]:
    """Pairs of entries that have the same key in one object: the later and the first."""
    first: dict[str, Entry] = {}
    for entry in node.entries:
        if entry.key in first:
            yield entry, first[entry.key]
        first.setdefault(entry.key, entry)
        yield from duplicates(entry.value)
    for item in node.items:
        yield from duplicates(item)


def expressions(node: Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, Node]]:
    """Every value in the tree that is not literal, with its dotted path."""
    if node.kind == "expression":
        yield ".".join(str(part) for part in path), node
    for entry in node.entries:
        yield from expressions(entry.value, (*path, entry.key))
    for index, item in enumerate(node.items):
        yield from expressions(item, (*path, index))

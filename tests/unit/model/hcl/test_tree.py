"""The locator: it agrees with pygohcl on what is there, and says on which line."""

from __future__ import annotations

import json
from typing import Any
from unicodedata import normalize

import pygohcl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.model.hcl.scanner import tokens
from homelab.model.hcl.tree import Node, duplicates, expressions, parse

names = st.from_regex(r"[a-z_][a-z0-9_-]{0,8}", fullmatch=True).filter(
    lambda name: name not in {"true", "false", "null", "for", "if", "in"}
)
# HCL normalises strings (NFC), so that others would come back changed.
texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=20
).map(lambda text: normalize("NFC", text))
scalars = st.one_of(
    st.booleans(), st.integers(-(2**31), 2**31), st.sampled_from([0.5, 99.9, -1.25]), texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)
documents = st.dictionaries(names, values, max_size=4)
comments = st.sampled_from(["", "# a comment with = and {\n", '// "\n', "/* {\n [ */\n"])


def text_of(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped.replace("\t", "\\t").replace("${", "$${").replace("%{", "%%{") + '"'


def render(value: Any, comment: str) -> str:
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, dict):
        inner = "".join(
            f"{comment}{key} = {render(item, comment)}\n" for key, item in value.items()
        )
        return f"{{\n{inner}}}"
    if isinstance(value, list):
        return f"[{comment}{', '.join(render(item, comment) for item in value)}]"
    return json.dumps(value)


def plain(node: Node) -> Any:
    """The tree without lines, with every literal as its text."""
    if node.kind == "object":
        return {entry.key: plain(entry.value) for entry in node.entries}
    if node.kind == "tuple":
        return [plain(item) for item in node.items]
    return (node.kind, node.text)


def expected(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: expected(item) for key, item in value.items()}
    if isinstance(value, list):
        return [expected(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return ("literal", json.dumps(abs(value)))
    return ("literal", value if isinstance(value, str) else json.dumps(value))


@given(document=documents, comment=comments)
def test_it_sees_what_pygohcl_sees(document: dict[str, Any], comment: str) -> None:
    source = f"locals {{\nroot = {render(document, comment)}\n}}\n"
    _, (block,) = parse(source)
    (root,) = block.body.entries
    assert pygohcl.loads(source)["locals"]["root"] == document
    assert plain(root.value) == expected(document)
    assert not list(duplicates(block.body))
    assert not list(expressions(block.body))


@given(document=documents, comment=comments)
def test_every_keys_line_holds_the_key(document: dict[str, Any], comment: str) -> None:
    source = f"root = {render(document, comment)}\n"
    lines = source.split("\n")
    body, _ = parse(source)

    def check(node: Node, path: tuple[str | int, ...]) -> None:
        for entry in node.entries:
            assert f"{entry.key} = " in lines[entry.line - 1]
            assert body.line_of((*path, entry.key)) == entry.line
            check(entry.value, (*path, entry.key))
        for index, item in enumerate(node.items):
            check(item, (*path, index))

    check(body, ())


@given(source=st.text(st.sampled_from('{}[]()"\\$%=,:<>-#/*ab1. \n\t'), max_size=60) | st.text())
def test_it_ends_on_anything(source: str) -> None:
    body, blocks = parse(source)
    list(duplicates(body))
    list(expressions(body))
    assert all(1 <= block.line <= source.count("\n") + 1 for block in blocks)
    scanned = list(tokens(source))
    assert scanned[-1].kind == "end"
    assert [token.line for token in scanned] == sorted(token.line for token in scanned)


@pytest.mark.parametrize(
    ("source", "path", "text"),
    [
        ("a = var.x", "a", "var.x"),
        ("a = [1, var.x + 2]", "a.1", "var.x+2"),
        ("a = { b = [for x in [1, 2] : x] }", "a.b", "[forxin[1,2]:x]"),
        ("a = { for k, v in {} : k => v }", "a", "{fork,vin{}:k=>v}"),
        ("a = { (b) = 1 }", "a", "{(b)=1}"),
        ('a = "x${"}"}y"', "a", "xy"),
        ("a = 1 == 2 ? true : false", "a", "1==2?true:false"),
        ("a = <<EOT\nb = 1\nEOT\n", "a", "b = 1\n"),
        ("a = <<-EOT\n  b = 1\n  EOT\n", "a", "  b = 1\n"),
        ("a = -var.x", "a", "-var.x"),
        ('a = f("x", [1])', "a", 'f("x",[1])'),
        ("a = (\n1\n)", "a", "(1)"),
    ],
)
def test_what_is_not_literal(source: str, path: str, text: str) -> None:
    body, _ = parse(source)
    assert [(where, node.text) for where, node in expressions(body)] == [(path, text)]


def test_duplicates_name_both_entries() -> None:
    body, _ = parse("a = {\n  b = 1\n  c = [{ d = 1, d = 2 }]\n  b = 2\n}\n")
    assert [(later.key, later.line, first.line) for later, first in duplicates(body)] == [
        ("d", 3, 3),
        ("b", 4, 2),
    ]


def test_blocks_keep_their_labels_and_lines() -> None:
    source = '\nvariable "x" {\n  default = "y"\n  validation {\n    condition = true\n  }\n}\n'
    _, (block,) = parse(source)
    assert (block.type, block.labels, block.line) == ("variable", ("x",), 2)
    assert [entry.key for entry in block.body.entries] == ["default"]


def test_a_path_that_is_not_there_gives_the_nearest_line() -> None:
    body, _ = parse("a = {\n  b = [\n    { c = 1 },\n  ]\n}\n")
    assert body.line_of(("a", "b", 0, "missing")) == 3
    assert body.line_of(("a", "b", 7)) == 2
    assert body.line_of(("a", "nothing", "else")) == 1


def test_deep_nesting_ends() -> None:
    source = f"a = {'[' * 3000}1{']' * 3000}\n"
    body, _ = parse(source)
    assert [node.kind for _, node in expressions(body)] == ["expression"]

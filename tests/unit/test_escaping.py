from __future__ import annotations

import json
import unicodedata
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from homelab import escaping

ANY = st.text(st.characters(codec=None))
"""Any text that Python can hold, lone surrogates too."""
MARKUP = st.text(st.sampled_from("`|\\*_~[](){}<>&#@!:/.-+=$ \n\tab1"))
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@given(ANY)
def test_a_terminal_gets_lines_and_nothing_that_is_not_seen(text: str) -> None:
    shown = escaping.terminal(text)
    kinds = {one: unicodedata.category(one) for one in shown}
    assert {one for one, kind in kinds.items() if kind in {"Cc", "Zl", "Zp", "Cs"}} <= {"\t", "\n"}
    assert shown.replace("\r\n", "\n").count("\n") == text.replace("\r\n", "\n").count("\n")
    assert escaping.terminal(shown) == shown
    shown.encode()


@given(ANY)
def test_one_line_is_one_line(text: str) -> None:
    assert len(escaping.one_line(text).splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nç 家 ┌─┐ 🏠", "a\tb\nç 家 ┌─┐ 🏠"),
        ("👨\u200d👩\u200d👧 ☀\ufe0f 1\ufe0f\u20e3", "👨\u200d👩\u200d👧 ☀\ufe0f 1\ufe0f\u20e3"),
        ("\x1b[2J\x9b1m\x1b]52;c;eA==\x07\x90", r"\x1b[2J\x9b1m\x1b]52;c;eA==\x07\x90"),
        ("a\rb\x08c\x00\x7f", r"a\rb\x08c\x00\x7f"),
        ("one\r\ntwo", "one\ntwo"),
        ("\u202egpj.exe \u2066x\u2069", r"\u202egpj.exe \u2066x\u2069"),
        ("ad\u200bmin\u2028x\ufeff\xad\u200d", r"ad\u200bmin\u2028x\ufeff\xad\u200d"),
        ("plex\ufe0f \U000e0041 \ud800", r"plex\ufe0f \U000e0041 \ud800"),
        ("  ::error::x\nsaid ::error::x", "  \\x3a:error::x\nsaid ::error::x"),
        ("::1 is loopback", "::1 is loopback"),
        ("\xa0\u3000::add-mask::x", "\xa0\u3000\\x3a:add-mask::x"),
        ("said ##[add-mask]x", r"said \x23#[add-mask]x"),
    ],
)
def test_what_can_be_read_stays_and_the_rest_is_seen(text: str, shown: str) -> None:
    assert escaping.terminal(text) == shown


@given(ANY)
def test_xml_holds_what_is_seen(text: str) -> None:
    element = ET.Element("a", name=escaping.xml(text))
    element.text = escaping.xml(text)
    read = ET.fromstring(ET.tostring(element))  # noqa: S314  (ours)
    assert (read.text or "") == read.get("name") == escaping.terminal(text)


def inline(text: str) -> list[tuple[str, str]]:
    """The kinds and texts of what a line of Markdown consists of."""
    return [
        (token.type, token.content)
        for block in READER.parse(text)
        for token in (block, *(block.children or ()))
        if token.type not in {"inline", "paragraph_open", "paragraph_close"}
    ]


@given(ANY | MARKUP)
def test_a_line_of_markdown_is_text_or_code(text: str) -> None:
    line = escaping.one_line(text)
    for shown in (escaping.markdown(text), escaping.markdown_code(text)):
        assert escaping.markdown(shown) == shown
        found = inline(f"- said: {shown}.\n")
        assert {kind for kind, _ in found} <= {
            *("bullet_list_open", "list_item_open", "text", "code_inline"),
            *("list_item_close", "bullet_list_close"),
        }
        assert "".join(content for _, content in found) == f"said: {line}."


@given(ANY | MARKUP)
def test_an_item_of_a_list_that_is_all_from_others_is_one_too(text: str) -> None:
    kinds = {kind for kind, _ in inline(f"- {escaping.markdown(text)}\n")}
    assert {kind.removesuffix("_open").removesuffix("_close") for kind in kinds} <= {
        *("bullet_list", "list_item", "text", "code_inline")
    }


@given(st.lists(ANY | MARKUP, min_size=1, max_size=4))
def test_a_row_has_as_many_cells_as_it_was_given(cells: list[str]) -> None:
    head = f"|{' a |' * len(cells)}\n|{' - |' * len(cells)}\n"
    tokens = READER.parse(f"{head}{escaping.markdown_row(cells)}\n")
    (body,) = [at for at, token in enumerate(tokens) if token.type == "tbody_open"]
    rows = [token for token in tokens[body:] if token.type == "inline"]
    assert len(rows) == len(cells)
    for row, cell in zip(rows, cells, strict=True):
        assert {token.type for token in row.children or ()} <= {"text", "code_inline"}
        said = "".join(token.content for token in row.children or ())
        assert said.strip() == escaping.one_line(cell).replace("\\|", "\\x5c|").strip()


@given(st.lists(ANY | MARKUP))
def test_a_block_of_code_ends_where_it_ends(lines: list[str]) -> None:
    block = escaping.markdown_block(lines, "diff")
    (fence,) = READER.parse("\n".join(block))
    assert (fence.type, fence.info) == ("fence", "diff")
    assert fence.content == "".join(f"{escaping.one_line(line)}\n" for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        *("@octocat", "fixes #1", "GH-12", "https://x.example", "www.x.example", "a@x.example"),
        *(
            "[a](b)",
            "![a](b)",
            "<b>",
            "&lt;",
            "*a*",
            "_a_",
            "~~a~~",
            "$a$",
            ":tada:",
            "# a",
            "1. a",
        ),
    ],
)
def test_what_github_would_do_something_with_is_code(text: str) -> None:
    assert escaping.markdown(text) == f"`{text}`"


@pytest.mark.parametrize(
    "text", ["homelab@pve!terraform", "rootfs[0].size: 16G → 24G", "a_b (c) 'd', 5 % + 1", ""]
)
def test_what_is_only_text_is_text(text: str) -> None:
    assert escaping.markdown(text) == text


@given(ANY)
def test_a_command_to_github_is_one_line_with_the_text_in_it(text: str) -> None:
    command = escaping.workflow_command("error", text, {"file": text, "line": "1"})
    assert len(command.splitlines()) == 1
    head, _, data = command.removeprefix("::error ").partition("::")
    file, line = head.split(",")
    assert line == "line=1"
    for said in (data, file.removeprefix("file=").replace("%3A", ":").replace("%2C", ",")):
        assert said.replace("%0A", "\n").replace("%25", "%") == escaping.terminal(text)


@given(ANY)
def test_a_header_has_no_second_line(text: str) -> None:
    value = escaping.header(text)
    assert not {0, 10, 13} & set(value)
    assert value.decode() == escaping.one_line(text).strip()


@given(
    st.recursive(
        ANY | st.integers() | st.none(), lambda of: st.lists(of) | st.dictionaries(ANY, of)
    )
)
def test_json_is_ascii_that_every_reader_takes(data: object) -> None:
    text = escaping.json_text(data)
    assert all(" " <= one <= "~" or one == "\n" for one in text)
    assert "##[" not in text
    assert "\\ud" not in json.dumps(json.loads(text), ensure_ascii=False).replace("\\\\ud", "")
    json.dumps(json.loads(text), ensure_ascii=False).encode()


@given(st.text())
def test_json_says_what_it_was_given(text: str) -> None:
    assert json.loads(escaping.json_text({"a": [text]})) == {"a": [text]}


@given(ANY)
def test_a_message_of_sarif_has_no_link(text: str) -> None:
    assert "](" not in escaping.sarif_message(text)
    assert escaping.sarif_message("[a](https://x)") == r"[a]\x28https://x)"


@given(ANY)
def test_mermaid_gets_a_word_or_a_quoted_label(text: str) -> None:
    shown = escaping.mermaid(text)
    assert shown.isalnum() or not set(shown[1:-1]) & set('"[]{}<>\n`')
    assert escaping.mermaid("media") == "media"
    assert escaping.mermaid('a"]b') == '"a#34;#93;b"'


def test_colours_of_programs_of_ours_go() -> None:
    assert escaping.uncoloured("\x1b[1;31mred\x1b[0m\x1b]0;x") == "red\x1b]0;x"


@pytest.mark.parametrize(
    ("value", "given"),
    [
        (
            {"a": ["{{ b }}", 1, True, None]},
            {"a": [{"__ansible_unsafe": "{{ b }}"}, 1, True, None]},
        ),
        ("#jinja2: x", {"__ansible_unsafe": "#jinja2: x"}),
        ("plain", "plain"),
    ],
)
def test_what_ansible_would_evaluate_is_marked(value: object, given: object) -> None:
    assert escaping.ansible(value) == given

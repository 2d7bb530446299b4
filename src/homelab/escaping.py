r"""Text that others wrote, made fit for where people read it: one function for each medium.

A node, a guest, a program or a file may say anything. What would move a cursor, hide or reorder
what stands beside it, link, mention, command, or end the place that it stands in is written out,
such as `\x1b` or `\u202e`; letters of every script, emoji and drawings stay. Who writes to a medium
calls these, not who composes a message, and calling one twice changes nothing more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_EMOJI = "\u2100-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and line feed, DEL, C1
    "\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # lines, and the order of letters
    "\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u2060-\u2065\u206a-\u206f\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"  # Unicode's Default_Ignorable_Code_Point: nothing shows them
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"  # no characters at all
    f"|(?<![#*0-9\xa9\xae\u203c\u2049{_EMOJI}])[\ufe0e\ufe0f]"
    f"|(?<![\ufe0f{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])"
)
"""What is not seen and changes what is; selectors and joiners belong to emoji."""

_COMMAND = re.compile(r"^([^\S\n]*):(?=:.*::)|#(?=#\[)", re.MULTILINE)
"""What GitHub's runner takes for a command: `::name::` in front, `##[name]` anywhere on a line."""

_MARKDOWN = re.compile(
    r"""[`*<~\\$|]
    |(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])   # emphasis
    |&(?=[#\w])                           # a character reference
    |(?<!\w)\[|\[(?!\d+\](?![\[(]))      # a link, unless it is an index, as in rootfs[0]
    |(?<!\w)@|@[\w-]+\.\w                 # a mention, an address
    |\#(?=\d)|\bGH-\d                     # an issue
    |://|\bwww\.|\b(?:mailto|xmpp):       # what becomes a link by itself
    |:(?=[0-9_+-]*[a-z])[a-z0-9_+-]+:      # what becomes an emoji
    |\A(?:\s|[#>+=-]|\d+[.)](?:\s|\Z))|\s\Z  # a block of its own, or none
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What CommonMark, GitHub's additions to it, and what GitHub does with a page afterwards react to."""

_TEMPLATE = re.compile(r"\{[{%#]|\A#jinja2:")
"""What Ansible takes for a template: Jinja's delimiters, or a line that sets others."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_UNQUOTED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
"""A word that Mermaid takes as it is."""


class Markdown(str):
    """Markdown that this library wrote itself, with what others wrote in it made harmless."""

    __slots__ = ()


def terminal(text: str) -> str:
    """For a terminal and a log: lines and tabs stay, nothing else controls anything."""
    seen = _HIDDEN.sub(_written_out, text.replace("\r\n", "\n"))
    return _COMMAND.sub(lambda found: f"{found[1] or ''}\\x{ord(found[0][-1]):02x}", seen)


def one_line(text: str) -> str:
    """The same, on one line."""
    return terminal(text).replace("\n", "\\n").replace("\t", "\\t")


def uncoloured(text: str) -> str:
    """Without the colours that a program of ours gives its words; for a reader of them alone."""
    return _COLOURS.sub("", text)


def xml(text: str) -> str:
    """What XML 1.0 can hold and shows; its markup is up to who makes the document."""
    return terminal(text)


def markdown(text: str) -> Markdown:
    """For a line of Markdown: as it is, or as code where it would be more than text."""
    if isinstance(text, Markdown):
        return text
    line = one_line(text)
    return markdown_code(line) if _MARKDOWN.search(line) else Markdown(line)


def markdown_code(text: str) -> Markdown:
    """For a line of Markdown: as code."""
    line = one_line(text)
    if not line:
        return Markdown()
    ticks = "`" * (_longest_run(line) + 1)
    stripped = line[0] == line[-1] == " " and line.strip(" ")
    pad = " " if "`" in (line[0], line[-1]) or stripped else ""
    return Markdown(f"{ticks}{pad}{line}{pad}{ticks}")


def markdown_row(cells: Iterable[str]) -> Markdown:
    """A row of a table; whatever is not Markdown is made so."""
    # A backslash before the bar would be read in two ways (cmark-gfm, markdown-it).
    texts = (markdown(cell).replace("\\|", "\\x5c|").replace("|", "\\|") for cell in cells)
    return Markdown(f"| {' | '.join(texts)} |")


def markdown_block(lines: Iterable[str], language: str) -> list[str]:
    """A block of code, as lines; each of `lines` is one in it."""
    inner = [one_line(line) for line in lines]
    fence = "`" * max(3, 1 + max(map(_longest_run, inner), default=0))
    return [f"{fence}{language}", *inner, fence]


def mermaid(text: str) -> str:
    """For a name or a label in a drawing of Mermaid."""
    if _UNQUOTED.fullmatch(text):
        return text
    shown = "".join(
        letter if letter.isalnum() or letter in " ._-/" else f"#{ord(letter)};"
        for letter in one_line(text)
    )
    return f'"{shown}"'


def workflow_command(name: str, message: str, properties: Mapping[str, str]) -> str:
    """A command to GitHub's runner, such as `error`, on one line."""
    parts = ",".join(
        f"{key}={_percent(value).replace(':', '%3A').replace(',', '%2C')}"
        for key, value in properties.items()
    )
    return f"::{name} {parts}::{_percent(message)}"


def header(text: str) -> bytes:
    """The value of an HTTP header, in UTF-8."""
    return one_line(text).strip().encode()


def sarif_message(text: str) -> str:
    """A message of SARIF: without links, which are written as in Markdown (2.1.0, 3.11.6)."""
    return terminal(text).replace("](", "]\\x28")


def json_text(data: object) -> str:
    """JSON in ASCII, for files and terminals alike; lone surrogates, which no reader takes, written out."""
    text = json.dumps(data, indent=2, ensure_ascii=False)
    text = re.sub("[\ud800-\udfff]", lambda found: f"\\\\u{ord(found[0]):04x}", text)
    text = re.sub(
        r"[^\x00-\x7e]", lambda found: json.dumps(found[0])[1:-1].replace("\x7f", "\\u007f"), text
    )
    return text.replace("##[", "#\\u0023[")


def ansible(value: Any) -> Any:
    """A variable of an inventory that Ansible takes as it is, and never for a template."""
    if isinstance(value, Mapping):
        return {key: ansible(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [ansible(item) for item in value]
    if isinstance(value, str) and _TEMPLATE.search(value):
        return {"__ansible_unsafe": value}
    return value


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    if found[0] == "\r":
        return "\\r"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _percent(text: str) -> str:
    return terminal(text).replace("%", "%25").replace("\n", "%0A")


def _longest_run(text: str) -> int:
    """The length of the longest run of backticks."""
    return max(map(len, re.findall("`+", text)), default=0)

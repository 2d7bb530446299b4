"""What a process is told word by word is what it reads."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.runtime import RuntimeKind
from homelab.lab.server.options import ServeOptions
from homelab.options.words import add_words, from_words, to_words

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: not text.startswith("-")
)
_OPTIONS = st.builds(
    ServeOptions,
    state=st.sampled_from([Path("/a b"), Path("/ä")]),
    cache=st.just(Path("/cache")),
    runtime=st.sampled_from(RuntimeKind),
    listen=_TEXT,
    bridges=st.none()
    | st.dictionaries(st.from_regex(r"vmbr\d", fullmatch=True), _TEXT, min_size=1),
    notes=st.lists(_TEXT).map(tuple),
    nodes=st.none() | st.integers(1),
    pve_version=st.none() | _TEXT,
    resources_lag=st.none() | st.floats(0, 60),
    request_log=st.none() | st.just(Path("/log")),
)


def _read(words: tuple[str, ...]) -> ServeOptions:
    parser = argparse.ArgumentParser()
    add_words(parser, ServeOptions)
    return from_words(ServeOptions, parser.parse_args(words))


@given(_OPTIONS)
def test_what_is_told_is_what_is_read(options: ServeOptions) -> None:
    assert _read(to_words(options)) == options


def test_what_has_no_default_is_missed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _read(("--state", "/x", "--cache", "/y"))

    assert "--runtime" in capsys.readouterr().err

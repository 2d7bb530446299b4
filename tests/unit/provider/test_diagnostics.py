from __future__ import annotations

import pytest
from tf.utils import Diagnostics

from homelab.errors import ApiError, ConfigurationError, HomelabError
from homelab.provider.diagnostics import report


@pytest.mark.parametrize(
    ("error", "summary", "detail"),
    [
        (HomelabError("one line"), "plex: one line", ""),
        (HomelabError("first\nsecond\nthird"), "plex: first", "second\nthird"),
        (ConfigurationError("no", hint="set it"), "plex: no", "What to do: set it"),
        (
            ApiError(500, "no space\nleft", request="PUT /x"),
            "plex: no space",
            "left\nPUT /x was answered with status 500.",
        ),
    ],
)
def test_an_errors_first_line_is_the_summary(
    error: HomelabError, summary: str, detail: str
) -> None:
    diagnostics = Diagnostics()
    report(diagnostics, "plex", error)
    (found,) = diagnostics.to_pb()
    assert (found.summary, found.detail) == (summary, detail)

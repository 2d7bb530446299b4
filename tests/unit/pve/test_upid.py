from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.pve.upid import Upid, UpidError

_WORD = st.from_regex(r"[a-z0-9@.-]+", fullmatch=True)


def test_a_token_shows_apart_from_its_user() -> None:
    text = "UPID:lab:000073B0:000235E3:6B05D090:vzcreate:100:root@pam!ci:"
    upid = Upid.parse(text)
    assert (upid.user, upid.tokenid, upid.id, upid.type) == ("root@pam", "ci", "100", "vzcreate")
    assert upid.starttime == 0x6B05D090
    assert str(upid) == text
    assert len(text.split(":")) == 9


@pytest.mark.parametrize(
    "text",
    [
        "",
        "UPID:lab:1:2:3:vzstart:100:root@pam:",
        "UPID:lab:000073B0:000235E3:6B05D090:vzcreate:100:root@pam",
        "UPID:lab:000073B0:000235E3:6B05D090:vz/create:100:root@pam:",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(UpidError, match="unable to parse worker upid"):
        Upid.parse(text)


@given(
    pid=st.integers(0, 2**32 - 1),
    pstart=st.integers(0, 2**36 - 1),
    starttime=st.integers(0, 2**32 - 1),
    identity=st.one_of(st.just(""), _WORD),
    kind=_WORD,
    tokenid=st.one_of(st.none(), st.from_regex(r"[a-z][a-z0-9]*", fullmatch=True)),
)
def test_what_is_written_is_read_back(
    *, pid: int, pstart: int, starttime: int, identity: str, kind: str, tokenid: str | None
) -> None:
    upid = Upid(
        node="pve",
        pid=pid,
        pstart=pstart,
        starttime=starttime,
        type=kind,
        id=identity,
        user="root@pam",
        tokenid=tokenid,
    )
    assert Upid.parse(str(upid)) == upid

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.api.names import PATH_PARAMETERS, is_plain, is_vmid, path_parameter
from homelab.lab.api.table import ENDPOINTS
from homelab.pve.schema import convert

_KEYS = {
    *("cidr", "group", "groupid", "id", "name", "poolid", "roleid", "sid", "snapname", "tokenid"),
    *("upid", "userid"),
}
"""They are looked up as they are; so what was damaged can be named too."""


def test_every_variable_of_a_path_has_its_form() -> None:
    known = {name for e in ENDPOINTS for name in re.findall(r"{(\w+)\*?}", e.path)}
    assert known == PATH_PARAMETERS.keys() | _KEYS


@pytest.mark.parametrize("name", sorted(PATH_PARAMETERS))
@given(text=st.text(max_size=12))
def test_what_is_taken_is_taken_as_it_is_written(name, text) -> None:
    parameter = path_parameter(name)
    try:
        value = convert(text, parameter)
    except ValueError:
        return
    if is_plain(text, parameter):
        assert str(value) == text
        assert text == text.strip()


@given(st.integers(min_value=100, max_value=999_999_999))
def test_a_guests_id_is_written_without_more(vmid) -> None:
    assert is_vmid(str(vmid))
    assert not is_vmid(f"0{vmid}")
    assert not is_vmid(f"+{vmid}")
    assert not is_vmid(f"{vmid}\n")


@pytest.mark.parametrize("text", ["", "99", "\uff11\uff10\uff10", "1e2", "100,101"])
def test_what_is_no_guests_id(text) -> None:
    assert not is_vmid(text)

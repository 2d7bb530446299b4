from __future__ import annotations

from ipaddress import ip_interface

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.api.firewall.parameters import CIDR, CLUSTER_OPTIONS, GUEST_OPTIONS, RULE
from homelab.pve.schema import ParameterError, verify

_WRONG = "value does not look like a valid IP address or CIDR network"


@given(st.ip_addresses(), st.integers(0, 32))
def test_every_address_and_network_is_taken(address, length: int) -> None:
    for text in (str(address), f"{address}/{length}"):
        assert verify({"cidr": text}, {"cidr": CIDR}).text("cidr") == text


@given(st.text(alphabet="0123456789.:/", min_size=1, max_size=20))
def test_what_looks_like_an_address_is_one(text: str) -> None:
    wrong = None
    try:
        verify({"cidr": text}, {"cidr": CIDR})
    except ParameterError as error:
        wrong = error.errors["cidr"]
    if wrong is None and (text[0].isdigit() or ":" in text):
        ip_interface(text)
    assert wrong in {None, f"invalid format - {_WRONG}"}


def test_the_name_of_an_alias_stands_for_its_address() -> None:
    assert verify({"cidr": "dc/lan"}, {"cidr": CIDR}).text("cidr") == "dc/lan"


@pytest.mark.parametrize(
    ("schema", "values", "wrong"),
    [
        (RULE, {"type": "in"}, "action"),
        (RULE, {"type": "up", "action": "DROP"}, "type"),
        (RULE, {"type": "in", "action": "DROP", "log": "loud"}, "log"),
        (CLUSTER_OPTIONS, {"policy_in": "IGNORE"}, "policy_in"),
        (CLUSTER_OPTIONS, {"macfilter": "1"}, "macfilter"),
        (GUEST_OPTIONS, {"policy_forward": "DROP"}, "policy_forward"),
    ],
)
def test_wrong_values_are_refused(schema, values, wrong: str) -> None:
    with pytest.raises(ParameterError) as caught:
        verify(values, schema)
    assert list(caught.value.errors) == [wrong]

from __future__ import annotations

import pytest

from homelab.pve.guest_options import OPTIONS, startup_order
from homelab.pve.schema import ParameterError, verify


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("net0", "bridge=vmbr0", "name: property is missing and it is not optional"),
        ("net0", "name=eth0,ip=10.0.0.300/24", "ip: invalid format"),
        ("net0", "name=eth0,ip=10.0.0.3", "ip: invalid format"),
        ("net0", "name=eth0,hwaddr=01:00:00:00:00:00", "valid unicast MAC"),
        ("net0", "name=eth0,color=red", "invalid key in comma-separated list property: color"),
        ("mp0", "local-zfs:1", "mp: property is missing and it is not optional"),
        ("mp0", "local-zfs:1,mp=data", "absolute path"),
        ("mp0", "local-zfs:1,mp=/a/../b", "absolute path"),
        ("mp0", "local-zfs:1,mp=/a\nlxc.hook: x", "absolute path"),
        ("features", "nesting=yes", "type check ('boolean') failed"),
        ("hostname", "a_b", "valid DNS name"),
        ("nameserver", "one.one", "valid IP address"),
        ("tags", "a!", "invalid characters in tag 'a!'"),
        ("memory", "8", "minimum value of 16"),
        ("startup", "order=x", "type check ('integer') failed"),
    ],
)
def test_wrong_options_are_refused(option: str, value: str, text: str) -> None:
    with pytest.raises(ParameterError) as caught:
        verify({option: value}, OPTIONS)
    assert text in caught.value.errors[option]


def test_options_are_stored_in_pves_form() -> None:
    args = verify(
        {
            "tags": ["Web", "db;web"],
            "nameserver": "1.1.1.1,9.9.9.9",
            "description": "one\ntwo",
            "cpulimit": "0",
        },
        OPTIONS,
    )
    assert args.text("tags") == "db;web"
    assert args.text("nameserver") == "1.1.1.1 9.9.9.9"
    assert args.text("description") == "one\ntwo\n"
    assert args.text("cpulimit") == "0"


@pytest.mark.parametrize(
    ("startup", "order"),
    [("order=3,up=5", (3, 5)), ("2", (2, 0)), (None, (10**9, 0)), ("up=4", (10**9, 4))],
)
def test_start_order(startup: str | None, order: tuple[int, int]) -> None:
    assert startup_order(startup) == order

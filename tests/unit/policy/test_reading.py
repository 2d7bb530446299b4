from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.policy import reading
from homelab.policy.values import UNKNOWN

_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
_NETWORKS = st.builds(
    lambda number, length: IPv4Network((number & ~((1 << (32 - length)) - 1), length)),
    st.integers(0, 2**32 - 1),
    st.integers(0, 32),
)


@given(_ANYTHING)
def test_no_value_makes_a_reader_stumble(value) -> None:
    assert isinstance(reading.text(value), str) or reading.text(value) is UNKNOWN
    assert reading.flag(value) in {True, False, UNKNOWN}
    assert reading.words(value) is UNKNOWN or all(isinstance(w, str) for w in reading.words(value))
    number = reading.number(value)
    assert number is UNKNOWN or (number == value and not isinstance(value, bool))
    for read in (reading.items, reading.nics, reading.volumes, reading.ports, reading.rules):
        assert read(value) is UNKNOWN or len(read(value)) == len(value or ())
    reading.service(value)
    reading.volume(value)
    reading.size(value)
    reading.address(value)


@given(_NETWORKS)
def test_a_network_knows_the_ends_of_its_range(network: IPv4Network) -> None:
    view = reading.network("lan", {"cidr": str(network)})
    assert (view.first, view.last) == (int(network[0]), int(network[-1]))
    host = network[network.num_addresses // 2]
    assert reading.address(f"{host}/{network.prefixlen}") == (int(host), network.prefixlen)
    assert reading.address(str(host)) == (int(host), 32)


@pytest.mark.parametrize(
    "text", ["", "10.0.0", "10.0.0.256", "10.0.0.1/", "10.0.0.1/x", "10.0.0.1/٣", "::1/64", "dhcp"]
)
def test_what_is_no_address_is_not_known(text: str) -> None:
    assert reading.address(text)[1] is UNKNOWN


def test_what_an_entry_leaves_out_has_a_default() -> None:
    defaults = {"target_node": "pve", "storage": "local-zfs", "template": "local:vztmpl/x"}
    raw = {"rootfs": {"size": "4G"}, "mount_points": [{"path": "/a", "size": "1G"}]}
    guest = reading.guest("plex", raw, defaults)
    assert (guest.node, guest.template) == ("pve", "local:vztmpl/x")
    assert guest.rootfs == reading.volume({"size": "4G", "storage": "local-zfs"})
    assert guest.mounts[0]._replace(position=0).storage == "local-zfs"
    assert guest.mounts[0].backup is True
    assert (guest.start, guest.onboot, guest.service) == (True, False, None)
    assert guest.vmid is UNKNOWN

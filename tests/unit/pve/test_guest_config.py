from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.pve.guest_config import GuestConfig, UnwritableError
from homelab.pve.guest_options import OPTIONS
from homelab.pve.schema import ParameterError, verify

_KEYS = st.sampled_from(["hostname", "memory", "net0", "mp0", "tags", "startup", "nameserver"])
_VALUES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1)
_OPTIONS = st.dictionaries(_KEYS, _VALUES)
_DESCRIPTION = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1).map(
    lambda text: f"{text}\n"
)


def _config(**options: str) -> GuestConfig:
    return GuestConfig(options=options)


@given(
    options=_OPTIONS,
    pending=_OPTIONS,
    description=st.one_of(st.none(), _DESCRIPTION),
    deleted=st.frozensets(_KEYS),
)
def test_the_file_form_is_read_back(
    options: dict[str, str],
    pending: dict[str, str],
    description: str | None,
    deleted: frozenset[str],
) -> None:
    if description is not None:
        options = {**options, "description": description}
    config = GuestConfig(options=options, pending=pending, pending_delete=deleted)
    assert GuestConfig.from_text(config.to_text()) == config


def test_json_has_pves_types() -> None:
    config = _config(
        cores="2", memory="512", onboot="0", unprivileged="1", cpulimit="0", hostname="web"
    )
    assert config.to_api() == {
        "cores": 2,
        "memory": 512,
        "onboot": 0,
        "unprivileged": 1,
        "cpulimit": "0",
        "hostname": "web",
        "digest": config.digest,
    }


def test_a_description_keeps_a_newline_after_each_line() -> None:
    config = GuestConfig.from_text("#one\n#two %C3%A4\nhostname: web\n")
    assert config.options["description"] == "one\ntwo ä\n"
    assert config.to_text() == "#one\n#two %C3%A4\nhostname: web\n"


def test_the_digest_follows_the_content() -> None:
    assert _config(memory="512").digest == _config(memory="512").digest
    assert _config(memory="512").digest != _config(memory="513").digest
    assert len(_config().digest) == 40


def test_pending_changes_show_and_are_applied() -> None:
    config = GuestConfig(
        options={"hostname": "web", "nameserver": "1.1.1.1"},
        pending={"hostname": "db", "cmode": "tty"},
        pending_delete=frozenset({"nameserver"}),
    )
    rows = config.pending_list()
    assert {"key": "hostname", "value": "web", "pending": "db"} in rows
    assert {"key": "cmode", "pending": "tty"} in rows
    assert {"key": "nameserver", "value": "1.1.1.1", "delete": 1} in rows
    assert rows[-1] == {"key": "digest", "value": config.digest}
    applied = config.with_pending_applied()
    assert applied.options == {"hostname": "db", "cmode": "tty"}
    assert not applied.pending
    assert config.pending_api()["hostname"] == "db"
    assert config.pending_api()["digest"] == config.digest


def test_pending_entries_that_change_nothing_are_dropped() -> None:
    config = GuestConfig(
        options={"arch": "amd64"},
        pending={"arch": "amd64", "cmode": "tty"},
        pending_delete=frozenset({"tags"}),
    ).without_idle_pending()
    assert config.pending == {"cmode": "tty"}
    assert not config.pending_delete


def test_interfaces_and_volumes_are_found() -> None:
    config = _config(
        net10="name=eth10,bridge=vmbr1",
        net2="name=eth2,bridge=vmbr0",
        rootfs="local-zfs:subvol-1-disk-0,size=4G",
        mp0="local-zfs:subvol-1-disk-1,mp=/data,size=1G",
        unused0="local-zfs:subvol-1-disk-2",
    )
    assert list(config.nets()) == [2, 10]
    assert config.mount_points()[0]["mp"] == "/data"
    assert config.rootfs() == {"volume": "local-zfs:subvol-1-disk-0", "size": "4G"}
    assert _config().rootfs() is None
    assert sorted(config.volumes()) == [f"local-zfs:subvol-1-disk-{n}" for n in range(3)]


_HOSTILE = st.one_of(
    st.text(max_size=30),
    st.tuples(
        st.sampled_from(("A=b", "local-zfs:1,mp=/a", "name=eth0", "a", "/sbin/init", "10.0.0.1")),
        st.sampled_from(("\n", "\r", "\0", "\v", "\x1c", "\x85", "\u2028", ",", "=", ": ", "#")),
        st.sampled_from(("mp0: local-zfs:subvol-101-disk-0,mp=/x", "[one]", "[pve:pending]", "x")),
    ).map("".join),
    st.sampled_from(("\ud800", "1", "9" * 30, "1T", "local-zfs:1", "debian", "veth", "")),
)
_ONE_OF_EACH = sorted({re.sub(r"\d+$", "0", name) for name in OPTIONS})


@given(option=st.sampled_from(_ONE_OF_EACH), text=_HOSTILE, pending=st.booleans())
def test_what_is_accepted_reads_back_as_itself_and_changes_nothing_else(
    option: str, text: str, *, pending: bool
) -> None:
    try:
        value = verify({option: text}, {option: OPTIONS[option]}).text(option)
    except ParameterError:
        return
    if option == "description" and not value:
        return
    if option == "net0":
        value += ",hwaddr=BC:24:11:00:00:01" if "hwaddr" not in value else ""
    others = {"hostname": "web", "memory": "512", "arch": "amd64"}
    others.pop(option, None)
    config = (
        GuestConfig(options=others, pending={option: value})
        if pending
        else GuestConfig(options={**others, option: value})
    )
    assert GuestConfig.from_stored(config.to_stored()) == (config, None)


@pytest.mark.parametrize(
    "config",
    [
        GuestConfig(options={"env": "A=b\nmp0: local-zfs:subvol-101-disk-0,mp=/x"}),
        GuestConfig(options={"hostname": "\ud800"}),
        GuestConfig(options={"description": "no end"}),
        GuestConfig(options={"a: b": "c"}),
        GuestConfig(options={"#x": "c"}),
        GuestConfig(options={"delete": "memory"}),
        GuestConfig(options={}, pending={"hostname": "a\n[pve:pending]"}),
        GuestConfig(options={}, pending_delete=frozenset({"a,b"})),
    ],
)
def test_what_would_not_read_back_is_not_written(config: GuestConfig) -> None:
    with pytest.raises(UnwritableError):
        config.to_stored()


@pytest.mark.parametrize(
    ("text", "damage"),
    [
        ("hostname: web\nmemory: 8\n", "unable to parse value of 'memory' - value must have a min"),
        ("hostname: web\n[one]\n", "unable to parse value of '[one]' - unknown option"),
        ("hostname: web\nlxc.mount.entry: /etc\n", "'lxc.mount.entry' - unknown option"),
        ("hostname: web\nnet0: name=eth0\n", "unable to parse value of 'net0' - no hwaddr"),
        ("hostname: web\nmp0: ../x\n", "unable to parse value of 'mp0'"),
    ],
)
def test_what_is_damaged_is_said_and_the_rest_is_kept(text: str, damage: str) -> None:
    config, found = GuestConfig.from_stored(text)
    assert config == GuestConfig(options={"hostname": "web"})
    assert found is not None
    assert damage in found


@given(text=st.text(max_size=60))
def test_any_text_is_read_and_what_is_left_can_be_written(text: str) -> None:
    config, _damage = GuestConfig.from_stored(text)
    options = dict(config.options)
    if not options.get("description"):
        options.pop("description", None)
    assert GuestConfig(options=options).to_stored()

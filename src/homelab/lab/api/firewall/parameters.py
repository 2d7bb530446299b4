"""The parameters of the firewall's endpoints as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_interface

from homelab.lab.api.endpoint import each
from homelab.pve.formats import without_zone
from homelab.pve.schema import COUNT, FLAG, TEXT, WHOLE, Parameter

_LEVEL = Parameter(
    enum=("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "nolog")
)
_NAME = re.compile(r"(?:(?:dc|guest)/)?[A-Za-z][A-Za-z0-9\-_]+")
_POLICY = Parameter(enum=("ACCEPT", "REJECT", "DROP"))
_ADDRESS = Parameter(max_length=512, pattern=r"[A-Za-z0-9:./,+!_\- ]*")
_PORTS = Parameter(max_length=512, pattern=r"[A-Za-z0-9:,\-]*")
_WORD = Parameter(max_length=128, pattern=r"[A-Za-z0-9_.:/\-]*")


def _address_or_name(text: str) -> str:
    """An address, a network, or the name of an alias (`dc/lan`)."""
    if text[:1].isdecimal() or ":" in text:
        try:
            ip_interface(without_zone(text))
        except ValueError as error:
            raise ValueError(
                "value does not look like a valid IP address or CIDR network"
            ) from error
    elif not _NAME.fullmatch(text):
        raise ValueError("value does not look like a valid IP address or CIDR network")
    return text


DIGEST = Parameter(max_length=64)
COMMENT = TEXT
ALIAS = Parameter(required=True, min_length=2, max_length=64, pattern=r"[A-Za-z][A-Za-z0-9\-_]+")
GROUP = Parameter(required=True, min_length=2, max_length=18, pattern=r"[A-Za-z][A-Za-z0-9\-_]+")
CIDR = Parameter(required=True, check=_address_or_name)
LOG_PAGE = each(COUNT, "limit", "since", "start", "until")

RULE_FIELDS: Mapping[str, Parameter] = {
    "action": Parameter(
        required=True, min_length=2, max_length=20, pattern=r"[A-Za-z][A-Za-z0-9\-_]+"
    ),
    "comment": COMMENT,
    "dest": _ADDRESS,
    "dport": _PORTS,
    "enable": COUNT,
    "icmp-type": _WORD,
    "iface": Parameter(
        min_length=2, max_length=20, pattern=r"[A-Za-z][A-Za-z0-9_]+(?:[:.][0-9]+)?"
    ),
    "log": _LEVEL,
    "macro": Parameter(max_length=128),
    "proto": _WORD,
    "source": _ADDRESS,
    "sport": _PORTS,
    "type": Parameter(required=True, enum=("in", "out", "forward", "group")),
}
RULE: Mapping[str, Parameter] = {**RULE_FIELDS, "digest": DIGEST, "pos": COUNT}

CLUSTER_OPTIONS: Mapping[str, Parameter] = {
    "ebtables": FLAG,
    "enable": COUNT,
    "log_ratelimit": TEXT,
    "policy_forward": Parameter(enum=("ACCEPT", "DROP")),
    "policy_in": _POLICY,
    "policy_out": _POLICY,
}

NODE_OPTIONS: Mapping[str, Parameter] = {
    "enable": FLAG,
    **each(_LEVEL, "log_level_forward", "log_level_in", "log_level_out"),
    **each(_LEVEL, "smurf_log_level", "tcp_flags_log_level"),
    **each(FLAG, "log_nf_conntrack", "ndp", "nf_conntrack_allow_invalid", "nftables", "nosmurfs"),
    **each(FLAG, "protection_synflood", "tcpflags"),
    **each(WHOLE, "protection_synflood_burst", "protection_synflood_rate"),
    "nf_conntrack_helpers": TEXT,
    "nf_conntrack_max": Parameter(type="integer", minimum=32768),
    "nf_conntrack_tcp_timeout_established": Parameter(type="integer", minimum=7875),
    "nf_conntrack_tcp_timeout_syn_recv": Parameter(type="integer", minimum=30, maximum=60),
}

GUEST_OPTIONS: Mapping[str, Parameter] = {
    **each(FLAG, "dhcp", "enable", "ipfilter", "macfilter", "ndp", "radv"),
    **each(_LEVEL, "log_level_in", "log_level_out"),
    **each(_POLICY, "policy_in", "policy_out"),
}

"""The schemas of telmate/proxmox 3.0.2-rc07, its defaults, and what it can't change in place."""

from __future__ import annotations

from homelab.provider import equality
from homelab.provider.fields import Field, Group, Kind, Layout, Nesting
from homelab.pve.sizes import same_size
from homelab.pve.telmate.attributes import REBUILDS


def _text(name: str, *, sensitive: bool = False) -> Field:
    return Field(name=name, replaces=name in REBUILDS, sensitive=sensitive)


def _number(name: str, default: int | None = None) -> Field:
    return Field(name=name, kind=Kind.NUMBER, default=default)


def _flag(name: str, *, default: bool | None = None) -> Field:
    return Field(name=name, kind=Kind.BOOL, default=default)


_ID = Field(name="id", computed=True)

_TIMEOUTS = Group(
    name="timeouts",
    nesting=Nesting.SINGLE,
    fields=tuple(_text(name) for name in ("create", "default", "delete", "read", "update")),
)

PROVIDER = Layout(
    fields=(
        _text("pm_api_token_id"),
        _text("pm_api_token_secret", sensitive=True),
        _text("pm_api_url"),
        _flag("pm_dangerously_ignore_unknown_attributes"),
        _flag("pm_debug"),
        _text("pm_http_headers"),
        _flag("pm_log_enable"),
        _text("pm_log_file"),
        Field(name="pm_log_levels", kind=Kind.STRING_MAP),
        _flag("pm_minimum_permission_check"),
        Field(name="pm_minimum_permission_list", kind=Kind.STRINGS),
        _text("pm_otp"),
        _number("pm_parallel"),
        _text("pm_password", sensitive=True),
        _text("pm_proxy_server"),
        _number("pm_timeout"),
        _flag("pm_tls_insecure"),
        _text("pm_user"),
    )
)

_FEATURES = Group(
    name="features",
    nesting=Nesting.SET,
    max_items=1,
    fields=(
        _flag("fuse", default=False),
        _flag("keyctl", default=False),
        _flag("mknod", default=False),
        Field(name="mount", default=""),
        _flag("nesting", default=False),
    ),
)

_MOUNT_POINT = Group(
    name="mountpoint",
    nesting=Nesting.LIST,
    fields=(
        _flag("acl", default=False),
        _flag("backup", default=False),
        Field(name="file", computed=True),
        Field(name="key", required=True),
        Field(name="mp", required=True),
        _flag("quota", default=False),
        _flag("replicate", default=False),
        _flag("shared", default=False),
        Field(name="size", same=same_size),
        Field(name="slot", kind=Kind.NUMBER, required=True),
        _text("storage"),
        Field(name="volume", computed=True),
    ),
)

_NETWORK = Group(
    name="network",
    nesting=Nesting.LIST,
    fields=(
        _text("bridge"),
        _flag("firewall"),
        _text("gw"),
        _text("gw6"),
        Field(name="hwaddr", computed=True, same=equality.same_case),
        Field(name="id", kind=Kind.NUMBER, optional=False, computed=True),
        _text("ip"),
        _text("ip6"),
        _number("mtu"),
        Field(name="name", required=True),
        _number("rate"),
        Field(name="tag", kind=Kind.NUMBER, computed=True),
        Field(name="trunks", computed=True),
        Field(name="type", computed=True),
    ),
)

_ROOT_FS = Group(
    name="rootfs",
    nesting=Nesting.LIST,
    max_items=1,
    fields=(
        _flag("acl"),
        _flag("quota"),
        _flag("replicate"),
        _flag("ro"),
        _flag("shared"),
        Field(name="size", required=True, same=same_size),
        Field(name="storage", required=True, replaces=True),
        Field(name="volume", optional=False, computed=True),
    ),
)

LXC = Layout(
    fields=(
        Field(name="arch", default="amd64"),
        _number("bwlimit"),
        _text("clone"),
        _text("clone_storage"),
        Field(name="cmode", default="tty"),
        _flag("console", default=True),
        _number("cores"),
        _number("cpulimit", 0),
        _number("cpuunits", 1024),
        Field(name="current_node", optional=False, computed=True),
        Field(name="description", same=equality.same_text),
        _flag("force"),
        _flag("full"),
        _text("hagroup"),
        _text("hastate"),
        _text("hookscript"),
        _text("hostname"),
        _ID,
        _flag("ignore_unpack_errors"),
        _text("lock"),
        _number("memory", 512),
        Field(name="nameserver", same=equality.same_words),
        _flag("onboot", default=False),
        _text("ostemplate"),
        Field(name="ostype", computed=True),
        _text("password", sensitive=True),
        _text("pool"),
        _flag("protection", default=False),
        _flag("restore"),
        Field(name="searchdomain", same=equality.same_words),
        _text("ssh_public_keys"),
        _flag("start", default=False),
        Field(name="startup", same=equality.same_startup),
        _number("swap", 0),
        Field(name="tags", same=equality.same_tags),
        _text("target_node"),
        _flag("template"),
        _number("tty", 2),
        _flag("unique"),
        _flag("unprivileged", default=False),
        Field(name="unused", kind=Kind.STRINGS, optional=False, computed=True),
        Field(name="vmid", kind=Kind.NUMBER, computed=True, replaces=True),
    ),
    groups=(_FEATURES, _MOUNT_POINT, _NETWORK, _ROOT_FS, _TIMEOUTS),
)

POOL = Layout(
    fields=(
        Field(name="comment", default="Managed by Terraform."),
        _ID,
        Field(name="poolid", required=True, replaces=True),
    ),
    groups=(_TIMEOUTS,),
)

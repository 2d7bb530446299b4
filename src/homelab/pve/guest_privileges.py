"""Which privileges a change of a container needs, and what only root@pam may do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from homelab.pve.guest_config import index_of
from homelab.pve.release import DEFAULT_RELEASE, Release

_BY_OPTION: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("rootfs", "mp", "unused"), "VM.Config.Disk"),
        **dict.fromkeys(("cores", "cpulimit", "cpuunits"), "VM.Config.CPU"),
        **dict.fromkeys(("memory", "swap"), "VM.Config.Memory"),
        **dict.fromkeys(("net", "nameserver", "searchdomain", "hostname"), "VM.Config.Network"),
        "features": "VM.Allocate",
    }
)

UNCHECKED: Final = frozenset({"arch", "ostype", "unprivileged"})
"""Options of a creation that need no privilege of their own."""

CREATE_PRIVILEGED: Final = ("/", "Sys.Modify")
"""What the creation of a privileged container needs besides."""

READ_TEMPLATE: Final = ("Datastore.AllocateSpace", "Datastore.Audit")
"""Of which one lets a container be made from a template, on the template's storage."""


def option_privilege(option: str) -> str:
    """The privilege on the container that changing an option needs."""
    return _BY_OPTION.get(option.rstrip("0123456789"), "VM.Config.Options")


def bridge_path(bridge: str, tag: int | str | None = None) -> str:
    """Where the use of a bridge, and of a VLAN on it, is granted."""
    vlan = f"/{tag}" if tag else ""
    return f"/sdn/zones/localnetwork/{bridge}{vlan}"


def bridge_privilege(release: Release = DEFAULT_RELEASE) -> str | None:
    """The privilege that putting an interface on a bridge needs; Proxmox VE 7 asked for none."""
    return "SDN.Use" if release.major >= 8 else None


def root_only(option: str, value: str) -> str | None:
    """What of an option only root@pam by ticket may set, in PVE's words; None when others may.

    `features` has rules of its own: see `root_only_features`.
    """
    if option == "hookscript":
        return "changing the hookscript is only allowed for root@pam"
    if index_of(option, "dev") is not None:
        return "configuring device passthrough is only allowed for root@pam"
    if index_of(option, "mp") is not None and value.startswith("/"):
        return "mount point type bind is only allowed for root@pam"
    return None


def root_only_features(
    wanted: Mapping[str, str], known: Mapping[str, str], *, privileged: bool
) -> str | None:
    """Why a change of feature flags is root@pam's; None when others may make it."""
    changed = {key for key in {*wanted, *known} if wanted.get(key) != known.get(key)}
    if changed and privileged:
        return "changing feature flags for privileged container is only allowed for root@pam"
    if changed - {"nesting"}:
        return "changing feature flags (except nesting) is only allowed for root@pam"
    return None

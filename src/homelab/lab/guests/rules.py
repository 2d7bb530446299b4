"""Which changes of a guest a caller may make, beyond the privileges of the endpoint.

What is refused raises ApiFailureError: with 403 what the caller may not do, with 500 the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from homelab.lab.access.acl import Access
from homelab.lab.access.tickets import Caller
from homelab.lab.failures import ApiFailureError, forbidden
from homelab.lab.guests.changes import volume_form
from homelab.pve import formats
from homelab.pve.guest_config import GuestConfig, index_of
from homelab.pve.guest_privileges import (
    READ_TEMPLATE,
    UNCHECKED,
    bridge_path,
    bridge_privilege,
    option_privilege,
    root_only,
    root_only_features,
)
from homelab.pve.release import Release

_REQUIRED = frozenset({"memory", "ostype", "rootfs"})


def check_privileges(access: Access, caller: Caller, vmid: int, options: Iterable[str]) -> None:
    """Refuse to change options of whose kind the caller has no privilege."""
    for option in options:
        access.require(caller, f"/vms/{vmid}", option_privilege(option))


def check_creation(
    access: Access, caller: Caller, vmid: int, *, values: Mapping[str, str], pool: str | None
) -> None:
    """Refuse to create a guest with options, or from a template, that the caller has no right to.

    What a pool grants is as good as what the guest itself does.
    """
    where = (f"/vms/{vmid}", *([f"/pool/{pool}"] if pool is not None else ()))
    for option in values:
        if option not in UNCHECKED:
            privilege = option_privilege(option)
            access.require_any(caller, *((path, privilege) for path in where))


def check_template(access: Access, caller: Caller, template: str) -> None:
    """Refuse a template on a storage that the caller may not read."""
    access.require(caller, f"/storage/{template.partition(':')[0]}", any_of=READ_TEMPLATE)


def check_bridges(
    access: Access, caller: Caller, values: Mapping[str, str], release: Release
) -> None:
    """Refuse interfaces on bridges that the caller may not use."""
    privilege = bridge_privilege(release)
    for option, value in values.items():
        if privilege is None or index_of(option, "net") is None:
            continue
        net = formats.NET.parse(value)
        if "bridge" in net:
            access.require(caller, bridge_path(net["bridge"], net.get("tag")), privilege)


def check_root_only(
    caller: Caller, *, values: Mapping[str, str], delete: Iterable[str], old: GuestConfig
) -> None:
    """Refuse what PVE allows to root@pam by ticket only; an API token is not enough."""
    if caller.is_root:
        return
    for key in (*values, *delete):
        if key == "features":
            why = root_only_features(
                formats.FEATURES.parse(values.get(key, "")),
                formats.FEATURES.parse(old.options.get(key, "")),
                privileged={**old.options, **values}.get("unprivileged", "1") != "1",
            )
        else:
            why = root_only(key, values.get(key, ""))
        if why is not None:
            raise forbidden(why)


def check_volumes(values: Mapping[str, str]) -> None:
    """Refuse what this node can't mount, and scripts, none of which are on its storages."""
    if values.get("hookscript"):
        raise ApiFailureError(f"script '{values['hookscript']}' does not exist")
    for key, value in values.items():
        if volume_form(key) is not None and value.startswith("/"):
            raise ApiFailureError(f"{key}: this node has no bind or device mounts, use a storage")


def check_deletions(vmid: int, config: GuestConfig, delete: Iterable[str]) -> None:
    """Refuse to delete options that a guest can't be without, or that protection covers."""
    for key in delete:
        if key in _REQUIRED:
            raise ApiFailureError(f"unable to delete required option '{key}'")
        if key == "unprivileged":
            raise ApiFailureError("unable to delete read-only option: 'unprivileged'")
        is_volume = index_of(key, "mp") is not None or index_of(key, "unused") is not None
        if is_volume and config.flag("protection"):
            raise ApiFailureError(f"can't remove CT {vmid} drive '{key}' - protection mode enabled")

"""Which changes of a guest a caller may make, beyond the privileges of the endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from homelab.lab.access import Access
from homelab.lab.auth import Caller
from homelab.lab.failures import ApiFailureError, forbidden
from homelab.pve import formats
from homelab.pve.guest_config import GuestConfig, index_of

_PRIVILEGES = {
    **dict.fromkeys(("rootfs", "mp", "unused"), "VM.Config.Disk"),
    **dict.fromkeys(("cores", "cpulimit", "cpuunits"), "VM.Config.CPU"),
    **dict.fromkeys(("memory", "swap"), "VM.Config.Memory"),
    **dict.fromkeys(("net", "nameserver", "searchdomain", "hostname"), "VM.Config.Network"),
}
_REQUIRED = frozenset({"memory", "ostype", "rootfs"})


def check_privileges(access: Access, caller: Caller, vmid: int, options: Iterable[str]) -> None:
    """Refuse to change options of whose kind the caller has no privilege.

    Raises:
        ApiFailureError: 403.
    """
    for option in options:
        access.require(caller, f"/vms/{vmid}", _privilege(option))


def _privilege(option: str) -> str:
    if option == "features":
        return "VM.Allocate"
    name = option.rstrip("0123456789")
    return _PRIVILEGES.get(name, "VM.Config.Options")


def check_root_only(
    caller: Caller, *, values: Mapping[str, str], delete: Iterable[str], old: GuestConfig
) -> None:
    """Refuse what PVE allows to root@pam by ticket only; an API token is not enough.

    Raises:
        ApiFailureError: 403.
    """
    if caller.is_root:
        return
    for key in (*values, *delete):
        if key == "features":
            _check_features(values.get(key, ""), values=values, old=old)
        elif key == "hookscript":
            raise forbidden("changing the hookscript is only allowed for root@pam")
        elif index_of(key, "dev") is not None:
            raise forbidden("configuring device passthrough is only allowed for root@pam")
        elif index_of(key, "mp") is not None and values.get(key, "").startswith("/"):
            raise forbidden("mount point type bind is only allowed for root@pam")


def _check_features(value: str, *, values: Mapping[str, str], old: GuestConfig) -> None:
    wanted = formats.FEATURES.parse(value)
    known = formats.FEATURES.parse(old.options.get("features", ""))
    changed = {key for key in {*wanted, *known} if wanted.get(key) != known.get(key)}
    privileged = values.get("unprivileged", old.options.get("unprivileged", "1")) != "1"
    if changed and privileged:
        raise forbidden(
            "changing feature flags for privileged container is only allowed for root@pam"
        )
    if changed - {"nesting"}:
        raise forbidden("changing feature flags (except nesting) is only allowed for root@pam")


def check_volumes(values: Mapping[str, str]) -> None:
    """Refuse what this node can't mount, and scripts, none of which are on its storages.

    Raises:
        ApiFailureError: 500.
    """
    if values.get("hookscript"):
        raise ApiFailureError(f"script '{values['hookscript']}' does not exist")
    for key, value in values.items():
        if (key == "rootfs" or index_of(key, "mp") is not None) and value.startswith("/"):
            raise ApiFailureError(f"{key}: this node has no bind or device mounts, use a storage")


def check_deletions(vmid: int, config: GuestConfig, delete: Iterable[str]) -> None:
    """Refuse to delete options that a guest can't be without, or that protection covers.

    Raises:
        ApiFailureError: 500.
    """
    for key in delete:
        if key in _REQUIRED:
            raise ApiFailureError(f"unable to delete required option '{key}'")
        if key == "unprivileged":
            raise ApiFailureError("unable to delete read-only option: 'unprivileged'")
        is_volume = index_of(key, "mp") is not None or index_of(key, "unused") is not None
        if is_volume and config.flag("protection"):
            raise ApiFailureError(f"can't remove CT {vmid} drive '{key}' - protection mode enabled")

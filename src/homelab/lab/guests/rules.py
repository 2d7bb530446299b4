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
    CREATE_PRIVILEGED,
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


def check_bridges(
    access: Access,
    caller: Caller,
    values: Mapping[str, str],
    release: Release,
    *,
    old: GuestConfig | None = None,
    delete: Iterable[str] = (),
) -> None:
    """Refuse interfaces on bridges that the caller may not use, also to take one off such a one.

    With `trunks` it is the bridge as a whole, whichever VLANs they are.
    """
    privilege = bridge_privilege(release)
    known = {} if old is None else old.options
    before = [known[name] for name in (*values, *delete) if name in known and _is_net(name)]
    for value in (*before, *(value for name, value in values.items() if _is_net(name))):
        net = formats.NET.parse(value)
        if privilege is not None and "bridge" in net:
            tag = int(net["tag"]) if "tag" in net and "trunks" not in net else None
            access.require(caller, bridge_path(net["bridge"], tag), privilege)


def _is_net(option: str) -> bool:
    return index_of(option, "net") is not None


def check_restoration(
    access: Access,
    caller: Caller,
    *,
    given: Mapping[str, str],
    kept: Mapping[str, str],
    old: GuestConfig | None,
    same_guest: bool,
    release: Release,
) -> None:
    """Refuse what a restored guest would have that the caller could not give it.

    `kept` are the backup's options, of which those `given` replace some. Interfaces and the change
    to a privileged container are asked for as in PVE::API2::LXC create_vm; what root alone may set
    comes back to the guest that had it, and to others by root alone. (PVE brings it to any.)
    """
    whole = {**kept, **given}
    privileged = whole.get("unprivileged", "0") != "1"
    if privileged and (old is None or old.flag("unprivileged")):
        access.require(caller, *CREATE_PRIVILEGED)
    check_bridges(access, caller, whole, release)
    before = {"unprivileged": "0" if privileged else "1"}
    if old is not None:
        before = {**old.options, **before}
    changed = given if same_guest or access.is_almighty(caller) else whole
    check_root_only(caller, values=changed, delete=(), old=GuestConfig(options=before))


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

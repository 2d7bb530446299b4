"""Who may reach a volume or a file, and whose it is: PVE::Storage check_volume_access."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

from homelab.lab.access.acl import Access
from homelab.lab.access.tickets import Caller
from homelab.lab.failures import ApiFailureError, forbidden
from homelab.lab.guests.changes import volume_form
from homelab.pve import formats
from homelab.pve.guest_config import index_of
from homelab.pve.guest_privileges import READ_TEMPLATE
from homelab.pve.volumes import NewVolume

_VOLID = re.compile(r"([A-Za-z][A-Za-z0-9\-_.]*[A-Za-z0-9]):(.+)")
_OF_GUEST = re.compile(r"(?:[^/]+/)?(?:subvol|basevol|vm|base)-([1-9][0-9]*)-[^/]+")
_BACKUP = re.compile(r"backup/vzdump-[a-z]+-([1-9][0-9]*)-[^/]+")
_FILES = ("iso", "vztmpl", "import")


def content_and_owner(volid: str) -> tuple[str, int | None]:
    """What a volume holds, and the guest that it belongs to, both by its name as on PVE."""
    name = volid.partition(":")[2]
    content = name.partition("/")[0]
    if content in _FILES:
        return content, None
    if found := _BACKUP.fullmatch(name):
        return "backup", int(found[1])
    found = _OF_GUEST.fullmatch(name)
    return "rootdir", None if found is None else int(found[1])


def check_volume_access(
    access: Access, caller: Caller, volid: str, *, vmid: int | None = None
) -> None:
    """Refuse a caller who may not read a volume; a guest's own are open to who may change it.

    Raises:
        ApiFailureError: 403.
    """
    parts = _VOLID.fullmatch(volid)
    if parts is None:
        if not caller.is_root:
            raise forbidden("Only root can pass arbitrary filesystem paths.")
        return
    where = f"/storage/{parts[1]}"
    if access.allows(caller, where, "Datastore.Allocate"):
        return
    content, owner = content_and_owner(volid)
    if content in _FILES:
        access.require(caller, where, any_of=READ_TEMPLATE)
    elif owner is None:
        raise forbidden(f"missing privileges to access {volid}")
    elif owner != vmid:
        of_storage, of_guest = {
            "backup": ("Datastore.AllocateSpace", "VM.Backup"),
            "rootdir": ("Datastore.Audit", "VM.Config.Disk"),
        }[content]
        access.require(caller, where, of_storage)
        access.require(caller, f"/vms/{owner}", of_guest)


def may_access_volume(access: Access, caller: Caller, volid: str) -> bool:
    """Whether a caller may read a volume."""
    try:
        check_volume_access(access, caller, volid)
    except ApiFailureError:
        return False
    return True


def check_named_volumes(
    access: Access,
    caller: Caller,
    vmid: int,
    values: Mapping[str, str],
    *,
    own: Mapping[str, object],
    guests: Container[int],
) -> None:
    """Refuse options that name volumes which are not the guest's `own`, or new ones without right.

    PVE takes those of other guests from who may read them (PVE::LXC check_ct_modify_config_perm),
    and never removes them with the guest; here a volume belongs to one guest.

    Raises:
        ApiFailureError: 403 for who may not read the volume, or make one there.
    """
    for key, value in values.items():
        form = formats.UNUSED if index_of(key, "unused") is not None else volume_form(key)
        if form is None or value.startswith("/"):
            continue
        volid = form.parse(value)["volume"]
        made = None if form is formats.UNUSED else NewVolume.parse(volid)
        if made is not None:
            access.require(caller, f"/storage/{made.storage}", "Datastore.AllocateSpace")
        if volid in own or made is not None:
            continue
        check_volume_access(access, caller, volid, vmid=vmid)
        owner = content_and_owner(volid)[1]
        if owner is not None and owner != vmid and owner in guests:
            raise ApiFailureError(f"volume '{volid}' belongs to CT {owner}")
        raise ApiFailureError(f"volume '{volid}' does not exist")

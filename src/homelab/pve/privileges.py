"""The privileges and built-in roles of Proxmox VE, 9 and 8."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from homelab.pve.release import DEFAULT_RELEASE, Release

_VM_CONFIG = tuple(
    f"VM.Config.{part}"
    for part in ("CDROM", "CPU", "Cloudinit", "Disk", "HWType", "Memory", "Network", "Options")
)
_VM_USER = (
    *("VM.Audit", "VM.Backup", "VM.Config.CDROM", "VM.Config.Cloudinit", "VM.Console"),
    *("VM.GuestAgent.Audit", "VM.PowerMgmt"),
)
_AGENT = tuple(
    f"VM.GuestAgent.{part}"
    for part in ("Audit", "FileRead", "FileSystemMgmt", "FileWrite", "Unrestricted")
)
_VM_ADMIN = (
    *("VM.Allocate", "VM.Audit", "VM.Backup", "VM.Clone", *_VM_CONFIG, "VM.Console", *_AGENT),
    *("VM.Migrate", "VM.PowerMgmt", "VM.Replicate", "VM.Snapshot", "VM.Snapshot.Rollback"),
)
_AUDIT = (
    *("Datastore.Audit", "Mapping.Audit", "Pool.Audit", "SDN.Audit", "Sys.Audit", "VM.Audit"),
    "VM.GuestAgent.Audit",
)
_DATASTORE = ("Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.AllocateTemplate")
_NOT_ADMIN_S = (
    *("Permissions.Modify", "Realm.Allocate"),
    *("Sys.AccessNetwork", "Sys.Incoming", "Sys.Modify", "Sys.PowerMgmt"),
)

PRIVILEGES: tuple[str, ...] = tuple(
    sorted(
        {
            *(*_AUDIT, *_DATASTORE, *_NOT_ADMIN_S, *_VM_ADMIN),
            *("Group.Allocate", "Mapping.Modify", "Mapping.Use", "Pool.Allocate"),
            *("Realm.AllocateUser", "SDN.Allocate", "SDN.Use", "Sys.Console", "Sys.Syslog"),
            "User.Modify",
        }
    )
)
"""Every privilege of PVE 9, sorted."""

ROLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Administrator": PRIVILEGES,
        "NoAccess": (),
        "PVEAdmin": tuple(name for name in PRIVILEGES if name not in _NOT_ADMIN_S),
        "PVEAuditor": _AUDIT,
        "PVEDatastoreAdmin": (*_DATASTORE, "Datastore.Audit"),
        "PVEDatastoreUser": ("Datastore.AllocateSpace", "Datastore.Audit"),
        "PVEPoolAdmin": ("Pool.Allocate", "Pool.Audit"),
        "PVEPoolUser": ("Pool.Audit",),
        "PVESDNAdmin": ("SDN.Allocate", "SDN.Audit", "SDN.Use"),
        "PVESDNUser": ("SDN.Audit", "SDN.Use"),
        "PVESysAdmin": ("Sys.Audit", "Sys.Console", "Sys.Syslog"),
        "PVETemplateUser": ("VM.Audit", "VM.Clone"),
        "PVEUserAdmin": ("Group.Allocate", "Realm.AllocateUser", "User.Modify"),
        "PVEVMAdmin": _VM_ADMIN,
        "PVEVMUser": _VM_USER,
    }
)
"""Built-in roles of PVE 9 and their privileges."""

_ONLY_9 = frozenset({*_AGENT, "VM.Replicate"})
_ONLY_8 = "VM.Monitor"
_MONITORS = frozenset({"Administrator", "PVEAdmin", "PVEVMAdmin"})


def privileges(release: Release = DEFAULT_RELEASE) -> tuple[str, ...]:
    """Every privilege of a release, sorted."""
    if release.major >= 9:
        return PRIVILEGES
    return tuple(sorted({*PRIVILEGES, _ONLY_8} - _ONLY_9))


def roles(release: Release = DEFAULT_RELEASE) -> Mapping[str, tuple[str, ...]]:
    """The built-in roles of a release and their privileges."""
    if release.major >= 9:
        return ROLES
    return {
        role: tuple(sorted({*names, *((_ONLY_8,) if role in _MONITORS else ())} - _ONLY_9))
        for role, names in ROLES.items()
    }

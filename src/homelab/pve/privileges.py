"""The privileges and built-in roles of Proxmox VE 9."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_VM_CONFIG = (
    "VM.Config.CDROM",
    "VM.Config.CPU",
    "VM.Config.Cloudinit",
    "VM.Config.Disk",
    "VM.Config.HWType",
    "VM.Config.Memory",
    "VM.Config.Network",
    "VM.Config.Options",
)
_VM_USER = (
    "VM.Audit",
    "VM.Backup",
    "VM.Config.CDROM",
    "VM.Config.Cloudinit",
    "VM.Console",
    "VM.GuestAgent.Audit",
    "VM.PowerMgmt",
)
_VM_ADMIN = (
    "VM.Allocate",
    "VM.Audit",
    "VM.Backup",
    "VM.Clone",
    *_VM_CONFIG,
    "VM.Console",
    "VM.GuestAgent.Audit",
    "VM.GuestAgent.FileRead",
    "VM.GuestAgent.FileSystemMgmt",
    "VM.GuestAgent.FileWrite",
    "VM.GuestAgent.Unrestricted",
    "VM.Migrate",
    "VM.PowerMgmt",
    "VM.Replicate",
    "VM.Snapshot",
    "VM.Snapshot.Rollback",
)
_AUDIT = (
    "Datastore.Audit",
    "Mapping.Audit",
    "Pool.Audit",
    "SDN.Audit",
    "Sys.Audit",
    "VM.Audit",
    "VM.GuestAgent.Audit",
)

PRIVILEGES: tuple[str, ...] = tuple(
    sorted(
        {
            "Datastore.Allocate",
            "Datastore.AllocateSpace",
            "Datastore.AllocateTemplate",
            "Group.Allocate",
            "Mapping.Modify",
            "Mapping.Use",
            "Permissions.Modify",
            "Pool.Allocate",
            "Realm.Allocate",
            "Realm.AllocateUser",
            "SDN.Allocate",
            "SDN.Use",
            "Sys.AccessNetwork",
            "Sys.Console",
            "Sys.Incoming",
            "Sys.Modify",
            "Sys.PowerMgmt",
            "Sys.Syslog",
            "User.Modify",
            *_AUDIT,
            *_VM_ADMIN,
        }
    )
)
"""Every privilege, sorted."""

ROLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Administrator": PRIVILEGES,
        "NoAccess": (),
        "PVEAdmin": tuple(
            privilege
            for privilege in PRIVILEGES
            if privilege
            not in {
                "Permissions.Modify",
                "Realm.Allocate",
                "Sys.AccessNetwork",
                "Sys.Incoming",
                "Sys.Modify",
                "Sys.PowerMgmt",
            }
        ),
        "PVEAuditor": _AUDIT,
        "PVEDatastoreAdmin": (
            "Datastore.Allocate",
            "Datastore.AllocateSpace",
            "Datastore.AllocateTemplate",
            "Datastore.Audit",
        ),
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
"""Built-in roles and their privileges."""

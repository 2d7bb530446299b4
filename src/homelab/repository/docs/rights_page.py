"""docs/security-rights.md: who may ask which endpoint of the lab, and PVE's source of the rule."""

from __future__ import annotations

from homelab.escaping import Markdown
from homelab.lab.api.endpoint import Endpoint
from homelab.lab.api.table import ENDPOINTS
from homelab.repository.docs.markdown import table

_SOURCES = {
    "/access": "PVE::API2::AccessControl",
    "/access/acl": "PVE::API2::ACL",
    "/access/domains": "PVE::API2::Domains",
    "/access/groups": "PVE::API2::Group",
    "/access/roles": "PVE::API2::Role",
    "/access/users": "PVE::API2::User",
    "/cluster": "PVE::API2::Cluster",
    "/cluster/backup": "PVE::API2::Backup",
    "/cluster/backup-info": "PVE::API2::Cluster::BackupInfo",
    "/cluster/firewall": "PVE::API2::Firewall::Cluster",
    "/cluster/firewall/groups": "PVE::API2::Firewall::Groups",
    "/cluster/ha": "PVE::API2::HAConfig",
    "/cluster/replication": "PVE::API2::ReplicationConfig",
    "/nodes": "PVE::API2::Nodes",
    "/nodes/{node}/config": "PVE::API2::NodeConfig",
    "/nodes/{node}/firewall": "PVE::API2::Firewall::Host",
    "/nodes/{node}/lxc": "PVE::API2::LXC",
    "/nodes/{node}/lxc/{vmid}/config": "PVE::API2::LXC::Config",
    "/nodes/{node}/lxc/{vmid}/firewall": "PVE::API2::Firewall::VM",
    "/nodes/{node}/lxc/{vmid}/snapshot": "PVE::API2::LXC::Snapshot",
    "/nodes/{node}/lxc/{vmid}/status": "PVE::API2::LXC::Status",
    "/nodes/{node}/network": "PVE::API2::Network",
    "/nodes/{node}/replication": "PVE::API2::Replication",
    "/nodes/{node}/services": "PVE::API2::Services",
    "/nodes/{node}/storage": "PVE::API2::Storage::Status",
    "/nodes/{node}/storage/{storage}/content": "PVE::API2::Storage::Content",
    "/nodes/{node}/subscription": "PVE::API2::Subscription",
    "/nodes/{node}/tasks": "PVE::API2::Tasks",
    "/nodes/{node}/vzdump": "PVE::API2::VZDump",
    "/pools": "PVE::API2::Pool",
    "/storage": "PVE::API2::Storage::Config",
    "/version": "PVE::API2",
}


def rights_page() -> str:
    """The table of rights as a page."""
    columns = ("endpoint", "who may", "as in")
    return "\n".join((*_HEAD.splitlines(), *table(columns, map(_cells, ENDPOINTS)))).rstrip() + "\n"


def _cells(endpoint: Endpoint) -> tuple[str, ...]:
    words = {"world": "everybody", "user": "who is logged in"}
    who = str(endpoint.permission)
    name = Markdown(f"{endpoint.method} `{endpoint.path}`")
    return (name, words.get(who, who), _source(endpoint.path))


def _source(path: str) -> str:
    found = [name for name in _SOURCES if f"{path}/".startswith(f"{name}/")]
    return _SOURCES[max(found, key=len)]


_HEAD = """\
<!-- Written by `nox -s docs`; a change made here is lost. -->
# Who may what in the lab

Rights are Proxmox VE's: a user, a group or a token has a role at a path, and a role is a set of
privileges. The lab asks for them before a handler runs, with the object that the handler will use:
an id in another spelling (`0101`, `+101`) is refused. `root@pam` by ticket, and its tokens without
privilege separation, may everything; `tests/security/test_rights.py` asks every row as somebody who
has every right but the one that it names.

Where a request names more than its path does, each object counts:

| what | rule | as in |
| --- | --- | --- |
| a rule of the access control list | Permissions.Modify at its path; below /vms, /storage and /pool their own Allocate, and then no more than the caller holds there, and passes on no further | PVE::API2::ACL update_acl |
| a member that joins or leaves a pool | the same right at the member; Pool.Allocate on the pool that it leaves | PVE::API2::Pool update_pool |
| tokens | the user itself by ticket, or User.Modify on the user: a token handles no tokens | PVE::API2::User |
| passwords | one's own with the old one; of others with Realm.AllocateUser and User.Modify, never of the realm pam | PVE::API2::AccessControl change_password |
| a file or volume | Datastore.Allocate on the storage; else templates with Datastore.Audit or AllocateSpace, backups with AllocateSpace and VM.Backup on their guest, volumes with Datastore.Audit and VM.Config.Disk on theirs | PVE::Storage check_volume_access |
| removing a file | a backup with AllocateSpace and VM.Backup on its guest, all else with Datastore.Allocate | PVE::API2::Storage::Content delete |
| options of a container | VM.Config.* by their kind, SDN.Use on bridges, AllocateSpace for new volumes; features but nesting, devices and scripts are root's | PVE::LXC check_ct_modify_config_perm |
| a restore | VM.Allocate, or VM.Backup where a container is replaced; the backup's own interfaces and privileged mode are asked for | PVE::API2::LXC create_vm |
| a task | its user, and the token that began it; of others Sys.Audit on the node | PVE::API2::Tasks |
| a file in a request without CSRF token | the path of uploads alone; elsewhere a file is refused | PVE::HTTPServer auth_handler |

Stricter than Proxmox VE are these:

- who is not root@pam handles no token of root@pam, not even with User.Modify;
- with `force`, a restore needs the right on the container that it replaces, not on a pool;
- what only root@pam may set comes back from a backup to the container that had it alone;
- a configuration names volumes of its own container only, and only those are removed with it;
- taking a user out of a group needs User.Modify on that group.

As there, User.Modify on a user is the right to become that user, Sys.Modify on /access changes
what roles mean, and removing a rule uncovers what the rules above it grant.

"""

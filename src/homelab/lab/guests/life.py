"""Creating, changing, growing and destroying guests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from homelab.lab.access.tickets import Caller
from homelab.lab.failures import ApiFailureError
from homelab.lab.guests import power
from homelab.lab.guests.changes import Change, ChangeError, plan_change
from homelab.lab.guests.files import stored_files
from homelab.lab.guests.rules import (
    check_bridges,
    check_creation,
    check_deletions,
    check_privileges,
    check_root_only,
    check_template,
    check_volumes,
)
from homelab.lab.guests.view import guest_of
from homelab.lab.guests.volumes import carry_out, with_unused
from homelab.lab.node.context import Context
from homelab.lab.node.storages import storage_named
from homelab.lab.runtime import Credentials, Guest, RuntimeFailureError, TaskLog
from homelab.lab.state import firewall
from homelab.lab.state.database import GuestRecord, StateError, VolumeRecord
from homelab.lab.state.snapshots import snapshots
from homelab.pve import formats
from homelab.pve.guest_config import GuestConfig
from homelab.pve.sizes import format_size, parse_size
from homelab.pve.upid import Upid
from homelab.pve.volumes import truncated

_TASK_LOCK = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """What a new guest is to be."""

    vmid: int
    values: Mapping[str, str]
    """Its options in their stored form."""
    template: str
    credentials: Credentials
    storage: str = "local"
    """Where the root file system goes when `rootfs` is not among the options."""
    pool: str | None = None
    start: bool = False


def create(context: Context, caller: Caller, wanted: Creation) -> Upid:
    """Create a guest in a task; the id is taken when this returns."""
    vmid = wanted.vmid
    _check_unused(context, vmid)
    change = _first_config(context, caller, wanted)
    check_space(context, caller, change)
    forget_leftover(context, vmid)
    with context.state.transaction() as transaction:
        if not transaction.add_guest(
            vmid, change.config.changed({"lock": "create"}), node=context.node
        ):
            raise _taken(vmid, context.node)
        for volume in change.made:
            transaction.put_volume(volume)
        transaction.put_pool_guest(vmid, wanted.pool)
        upid = context.register(transaction, "vzcreate", vmid, caller)
    context.tasks.run(
        upid,
        lambda log: _create(context, wanted, change.config, log),
        undo=lambda log: discard(context, vmid, log),
    )
    return upid


def _check_unused(context: Context, vmid: int) -> None:
    """An id that is taken is refused before anything else is looked at."""
    record = context.state.guest(vmid)
    if record is not None and vmid not in context.leftovers:
        raise _taken(vmid, context.node_of(record))


def _taken(vmid: int, node: str) -> ApiFailureError:
    return ApiFailureError(
        f"unable to create CT {vmid} - CT {vmid} already exists on node '{node}'"
    )


def _first_config(context: Context, caller: Caller, wanted: Creation) -> Change:
    values = {
        "arch": "amd64",
        "hostname": f"CT{wanted.vmid}",
        "memory": "512",
        "ostype": "debian",
        "swap": "512",
        "unprivileged": "1" if context.release.unprivileged_by_default else "0",
        **wanted.values,
    }
    if values["unprivileged"] != "1":
        context.access.require(caller, "/", "Sys.Modify")
    empty = GuestConfig(options={})
    check_creation(context.access, caller, wanted.vmid, values=wanted.values, pool=wanted.pool)
    check_template(context.access, caller, wanted.template)
    check_bridges(context.access, caller, values, context.release)
    check_root_only(caller, values=values, delete=(), old=empty)
    check_volumes(values)
    if "rootfs" not in values:
        if any(key.startswith("mp") for key in values):
            raise ApiFailureError("mountpoints configured, but 'rootfs' not set - aborting")
        values["rootfs"] = f"{wanted.storage}:4"
    if wanted.pool is not None and context.state.pool(wanted.pool) is None:
        raise ApiFailureError(f"pool '{wanted.pool}' does not exist")
    known = {template.volid for template in context.runtime.templates()}
    known |= {file.volid for file in stored_files(context) if file.content == "vztmpl"}
    if wanted.template not in known:
        raise ApiFailureError(_template_problem(wanted.template))
    try:
        return plan_change(wanted.vmid, empty, values=values, running=False, volumes={})
    except ChangeError as error:
        raise ApiFailureError(str(error)) from error


def check_space(context: Context, caller: Caller, change: Change) -> None:
    """Refuse new volumes on storages where the caller may not make any.

    Raises:
        ApiFailureError: 403.
    """
    for name in {volume.volid.partition(":")[0] for volume in change.made}:
        context.access.require(caller, f"/storage/{name}", "Datastore.AllocateSpace")


def _template_problem(template: str) -> str:
    storage = template.partition(":")[0]
    if ":" in template and storage_named(storage) is None:
        return f"storage '{storage}' does not exist"
    return f"volume '{template}' does not exist"


def _create(context: Context, wanted: Creation, config: GuestConfig, log: TaskLog) -> None:
    vmid = wanted.vmid
    guest = guest_of(vmid, config)
    with context.locks.held(vmid, timeout=_TASK_LOCK):
        try:
            context.runtime.create(
                guest, template=wanted.template, credentials=wanted.credentials, log=log
            )
            with context.state.transaction() as transaction:
                transaction.put_config(vmid, config)
        except (RuntimeFailureError, StateError) as error:
            discard_or_note(context, vmid, log)
            problem = f"unable to create CT {vmid} - "
            why = error.message.removeprefix(problem)
            raise ApiFailureError(f"{problem}{why}") from error
    if wanted.start:
        power.start_now(context, vmid, log)


def forget_leftover(context: Context, vmid: int) -> None:
    """Clear away a creation that failed and could not be undone then (such as: disk full)."""
    if vmid not in context.leftovers:
        return
    with context.locks.held(vmid):
        if vmid in context.leftovers:
            discard(context, vmid, lambda _line: None)
            context.leftovers.discard(vmid)


def discard_or_note(context: Context, vmid: int, log: TaskLog) -> None:
    """Remove a guest that could not be made; when that fails too, it is done later."""
    try:
        discard(context, vmid, log)
    except (RuntimeFailureError, StateError):
        context.leftovers.add(vmid)


def discard(context: Context, vmid: int, log: TaskLog) -> None:
    """Remove a guest with everything that it has; its lock is held, and it does not run."""
    record = context.guest(vmid)
    context.runtime.destroy(_with_everything(context, record), log=log)
    with context.state.transaction() as transaction:
        transaction.remove_guest(vmid)
        firewall.remove(transaction, firewall.guest_scope(vmid))


def _with_everything(context: Context, record: GuestRecord) -> Guest:
    """The guest with the volumes that it does not use, and those of its snapshots."""
    guest = guest_of(record.vmid, record.config)
    known = {volume.volid for volume in guest.volumes}
    recorded = (volume.volid for volume in context.state.volumes(record.vmid))
    everything = dict.fromkeys((*record.config.volumes(), *recorded))
    return with_unused(guest, [v for v in everything if v not in known and not v.startswith("/")])


def update(
    context: Context,
    caller: Caller,
    vmid: int,
    *,
    values: Mapping[str, str],
    delete: Sequence[str] = (),
    revert: Sequence[str] = (),
    digest: str | None = None,
) -> None:
    """Change a guest's options, in the calling thread; a running guest follows as far as PVE's do.

    `revert` names options whose pending change is dropped.

    Raises:
        ApiFailureError: PVE's text; nothing was changed.
    """
    if not values and not delete and not revert:
        raise ApiFailureError("no options specified")
    if "unprivileged" in values:
        raise ApiFailureError("unable to modify read-only option: 'unprivileged'")
    with context.locks.held(vmid):
        record = context.guest(vmid)
        if "lock" not in delete:
            power.check_lock(record.config)
        check_digest(record.config, digest)
        check_privileges(context.access, caller, vmid, (*values, *delete, *revert))
        check_root_only(caller, values=values, delete=delete, old=record.config)
        check_bridges(context.access, caller, values, context.release)
        check_volumes(values)
        check_deletions(vmid, record.config, delete)
        _check_snapshots(context, record, delete)
        try:
            change = plan_change(
                vmid,
                record.config.reverted(revert),
                values=values,
                delete=delete,
                running=vmid in context.running(),
                volumes=context.volumes(vmid),
            )
        except ChangeError as error:
            raise ApiFailureError(str(error)) from error
        check_space(context, caller, change)
        carry_out(context, record, change, lambda _line: None)


def _check_snapshots(context: Context, record: GuestRecord, delete: Sequence[str]) -> None:
    kept = {
        volid
        for snapshot in snapshots(context.state, record.vmid).values()
        for volid in snapshot.config.volumes()
    }
    for key in delete:
        volid = record.config.options.get(key, "").partition(",")[0]
        if key.startswith("unused") and volid in kept:
            raise ApiFailureError(
                f"unable to delete '{volid}' - volume is still in use (snapshot?)"
            )


def check_digest(config: GuestConfig, digest: str | None) -> None:
    """Refuse a change that was made from an older configuration.

    Raises:
        ApiFailureError: PVE's text.
    """
    if digest and digest != config.digest:
        raise ApiFailureError(
            "detected modified configuration - file changed by other user? Try again."
        )


def resize(
    context: Context, caller: Caller, vmid: int, *, disk: str, size: str, digest: str | None
) -> Upid:
    """Grow a volume in a task; `size` is absolute or, with a leading `+`, what is added."""
    record = context.guest(vmid)
    power.check_lock(record.config)
    check_digest(record.config, digest)
    value = record.config.options.get(disk)
    if value is None:
        raise ApiFailureError(f"disk '{disk}' does not exist")
    form = formats.ROOTFS if disk == "rootfs" else formats.MOUNT_POINT
    entry = form.parse(value)
    before = parse_size(entry.get("size", "0"))
    after = truncated(parse_size(size.removeprefix("+")) + (before if size[0] == "+" else 0))
    if after < before:
        raise ApiFailureError("unable to shrink disk size")
    if after == before:
        raise ApiFailureError("disk is already at specified size")

    def work(log: TaskLog) -> None:
        with context.locks.held(vmid, timeout=_TASK_LOCK):
            now = context.guest(vmid)
            grown = form.format({**entry, "size": format_size(after)})
            config = now.config.changed({disk: grown})
            known = context.volumes(vmid)[entry["volume"]]
            # Committed before it is done, so that the next start can finish what a crash cut off.
            _put_size(context, vmid, config, replace(known, size=after))
            try:
                grow_volumes(context, vmid, (known.volid,), log)
            except RuntimeFailureError:
                _put_size(context, vmid, now.config, known)
                raise

    with context.state.transaction() as transaction:
        upid = context.register(transaction, "resize", vmid, caller)
    context.tasks.run(upid, work)
    return upid


def _put_size(context: Context, vmid: int, config: GuestConfig, volume: VolumeRecord) -> None:
    with context.state.transaction() as transaction:
        transaction.put_config(vmid, config)
        transaction.put_volume(volume)


def grow_volumes(context: Context, vmid: int, volids: Collection[str], log: TaskLog) -> None:
    """Give volumes the sizes that the configuration says."""
    guest = guest_of(vmid, context.guest(vmid).config)
    for volume in guest.volumes:
        if volume.volid in volids:
            context.runtime.resize(guest, volume, log=log)


def _check_no_clones(context: Context, vmid: int) -> None:
    own = {volume.volid for volume in context.state.volumes(vmid)}
    for volume in context.state.volumes():
        base, separator, _name = volume.volid.partition("/")
        if separator and base in own and volume.vmid != vmid:
            raise ApiFailureError(f"base volume '{base}' is still in use by linked clone")


def destroy(context: Context, caller: Caller, vmid: int, *, force: bool) -> Upid:
    """Destroy a guest in a task; with `force` also one that runs."""
    record = context.guest(vmid)
    if record.config.flag("protection"):
        raise ApiFailureError(f"can't remove CT {vmid} - protection mode enabled")
    if record.config.options.get("lock") != "destroyed":
        power.check_lock(record.config)
    _check_no_clones(context, vmid)
    if vmid in context.running() and not force:
        raise ApiFailureError(f"unable to destroy CT {vmid} - container is running")

    def work(log: TaskLog) -> None:
        with context.locks.held(vmid, timeout=_TASK_LOCK):
            now = context.guest(vmid)
            if vmid in context.running():
                if not force:
                    raise ApiFailureError(f"unable to destroy CT {vmid} - container is running")
                context.runtime.stop(guest_of(vmid, now.config), log=log)
            with context.state.transaction() as transaction:
                transaction.put_config(vmid, now.config.changed({"lock": "destroyed"}))
            discard(context, vmid, log)

    with context.state.transaction() as transaction:
        upid = context.register(transaction, "vzdestroy", vmid, caller)
    context.tasks.run(upid, work)
    return upid

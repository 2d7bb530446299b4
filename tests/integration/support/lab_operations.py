"""The changes that a client asks for, each with what it must lead to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from lab_driver import NODE, TEMPLATE
from lab_model import (
    STORAGE,
    Guest,
    cloned,
    created,
    grown,
    refused_rollback,
    rolled_back,
    with_mount_point,
    with_snapshot,
    without_mount_point,
    without_snapshot,
    without_unused,
)

VMIDS = (100, 101, 102)
POOL = "machine"
KINDS = (
    *("create", "configure", "attach", "detach", "resize", "start", "stop", "shutdown"),
    *("snapshot", "rollback", "delsnapshot", "clone", "delete", "pool"),
)
_L = f"{NODE}/lxc"
_ANY = 11
"""The number that chooses among all, so that some requests are refused."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One request, and what may be there after it."""

    kind: str
    vmid: int
    """The guest that it makes, changes or removes."""
    method: str
    path: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    after: Guest | None = None
    refusal: str = ""
    """The text of the refusal; empty when it is done."""
    between: tuple[Guest, ...] = ()
    """What it may leave as well when it is cut off."""
    reads: int = 0
    """A guest that it needs, besides its own."""


Guests = Mapping[int, Guest]


class Operations:
    """Makes operations for the guests that are there; numbers choose among what is possible."""

    def __init__(self, *, has_snapshots: bool) -> None:
        self.has_snapshots = has_snapshots
        self._words = 0
        self.kinds: Mapping[str, Callable[[Guests, int, int], Operation]] = {
            "create": self.create,
            "configure": self.configure,
            "attach": self.attach,
            "detach": self.detach,
            "resize": self.resize,
            "start": self.start,
            "stop": self.stop,
            "shutdown": self.shutdown,
            "delete": self.delete,
            "pool": self.pool,
        }
        if has_snapshots:
            self.kinds = {
                **self.kinds,
                "snapshot": self.snapshot,
                "rollback": self.rollback,
                "delsnapshot": self.delsnapshot,
                "clone": self.clone,
            }

    def word(self) -> str:
        """A word that was not used before."""
        self._words += 1
        return f"w{self._words}"

    def create(self, guests: Guests, a: int, b: int) -> Operation:
        free = [vmid for vmid in VMIDS if vmid not in guests]
        vmid = free[a % len(free)] if free and a != _ANY else VMIDS[a % len(VMIDS)]
        start, pool = bool(b & 1), POOL if b & 2 else ""
        name = self.word()
        made = created(vmid, name=name, pool=pool, running=start)
        known = guests.get(vmid)
        taken = f"unable to create CT {vmid} - CT {vmid} already exists on node 'pve'"
        return Operation(
            kind="create",
            vmid=vmid,
            method="POST",
            path=_L,
            parameters={
                "vmid": vmid,
                "ostemplate": TEMPLATE,
                "hostname": name,
                "memory": 256,
                "swap": 0,
                "rootfs": f"{STORAGE}:1",
                "net0": f"name=eth0,bridge=vmbr0,ip=10.10.0.{vmid - 50}/24",
                "tags": "machine",
                "unprivileged": 1,
                "start": int(start),
                **({"pool": pool} if pool else {}),
            },
            after=made if known is None else known,
            refusal="" if known is None else taken,
            between=(replace(made, running=False),),
        )

    def configure(self, guests: Guests, a: int, b: int) -> Operation:
        if not guests:
            return self.create(guests, a, b)
        guest = _pick(guests, a)
        word = self.word()
        sent = (
            {"description": word},
            {"tags": word},
            {"memory": str(256 + 16 * (b % 9))},
            {"hostname": word, "onboot": str(b & 1)},
        )[b % 4]
        stored = {k: f"{v}\n" if k == "description" else v for k, v in sent.items()}
        return self._put(guest, "configure", sent, guest.with_options(stored))

    def attach(self, guests: Guests, a: int, b: int) -> Operation:
        having = {vmid: one for vmid, one in guests.items() if "mp0" not in one.options}
        if not having:
            return self.configure(guests, a, b)
        guest = _pick(having, a)
        path = ("/srv/data", "/opt/deep/er")[b % 2]
        sent = {"mp0": f"{STORAGE}:1,mp={path}"}
        return self._put(guest, "attach", sent, with_mount_point(guest, path))

    def detach(self, guests: Guests, a: int, b: int) -> Operation:
        """Take mp0 away, or remove a volume that is unused."""
        off = {vmid: one for vmid, one in guests.items() if not one.running and _spare(one)}
        if not off:
            return self.attach(guests, a, b)
        guest = _pick(off, a)
        if guest.unused() and (b % 2 or "mp0" not in guest.options):
            key = guest.unused()[b % len(guest.unused())]
            volid = guest.options[key]
            after, refusal = without_unused(guest, key), ""
            if any(
                volid in one.content or volid in one.options.values() for one in guest.snapshots
            ):
                after = guest
                refusal = f"unable to delete '{volid}' - volume is still in use (snapshot?)"
            return self._put(guest, "detach", {"delete": key}, after, refusal)
        return self._put(guest, "detach", {"delete": "mp0"}, without_mount_point(guest))

    def resize(self, guests: Guests, a: int, b: int) -> Operation:
        if not guests:
            return self.create(guests, a, b)
        guest = _pick(guests, a)
        disk = "mp0" if b % 2 and "mp0" in guest.options else "rootfs"
        return Operation(
            kind="resize",
            vmid=guest.vmid,
            method="PUT",
            path=f"{_L}/{guest.vmid}/resize",
            parameters={"disk": disk, "size": "+1G"},
            after=grown(guest, disk),
        )

    def start(self, guests: Guests, a: int, b: int) -> Operation:
        if not guests:
            return self.create(guests, a, b)
        guest = _pick(_likely(guests, a, running=False), a)
        refusal = f"CT {guest.vmid} already running" if guest.running else ""
        return self._power(guest, "start", replace(guest, running=True), refusal)

    def stop(self, guests: Guests, a: int, b: int) -> Operation:
        if not guests:
            return self.create(guests, a, b)
        guest = _pick(_likely(guests, a, running=True), a)
        refusal = "" if guest.running else f"CT {guest.vmid} not running"
        return self._power(guest, "stop", replace(guest, running=False), refusal)

    def shutdown(self, guests: Guests, a: int, b: int) -> Operation:
        if not guests:
            return self.create(guests, a, b)
        guest = _pick(_likely(guests, a, running=True), a)
        refusal = "" if guest.running else f"CT {guest.vmid} not running"
        return self._power(guest, "shutdown", replace(guest, running=False), refusal)

    def delete(self, guests: Guests, a: int, b: int) -> Operation:
        if not guests:
            return self.create(guests, a, b)
        guest = _pick(guests, a)
        force = bool(b % 4)
        refused = guest.running and not force
        text = f"unable to destroy CT {guest.vmid} - container is running"
        return Operation(
            kind="delete",
            vmid=guest.vmid,
            method="DELETE",
            path=f"{_L}/{guest.vmid}",
            parameters={"force": int(force), "purge": 1},
            after=guest if refused else None,
            refusal=text if refused else "",
            between=(replace(guest, running=False),),
        )

    def pool(self, guests: Guests, a: int, b: int) -> Operation:
        if not guests:
            return self.create(guests, a, b)
        guest = _pick(guests, a)
        return Operation(
            kind="pool",
            vmid=guest.vmid,
            method="PUT",
            path=f"/pools/{POOL}",
            parameters={"vms": guest.vmid, "delete": int(bool(guest.pool))},
            after=replace(guest, pool="" if guest.pool else POOL),
        )

    def snapshot(self, guests: Guests, a: int, b: int) -> Operation:
        if not guests:
            return self.create(guests, a, b)
        guest = _pick(guests, a)
        name = self.word()
        return Operation(
            kind="snapshot",
            vmid=guest.vmid,
            method="POST",
            path=f"{_L}/{guest.vmid}/snapshot",
            parameters={"snapname": name},
            after=with_snapshot(guest, name),
        )

    def rollback(self, guests: Guests, a: int, b: int) -> Operation:
        having = {vmid: one for vmid, one in guests.items() if one.snapshots}
        if not having:
            return self.snapshot(guests, a, b)
        guest = _pick(having, a)
        name = guest.snapshots[-1 if b % 4 else 0].name
        refusal = refused_rollback(guest, name)
        return Operation(
            kind="rollback",
            vmid=guest.vmid,
            method="POST",
            path=f"{_L}/{guest.vmid}/snapshot/{name}/rollback",
            after=guest if refusal else rolled_back(guest, name),
            refusal=refusal,
            between=(replace(guest, running=False),),
        )

    def delsnapshot(self, guests: Guests, a: int, b: int) -> Operation:
        having = {vmid: one for vmid, one in guests.items() if one.snapshots}
        if not having:
            return self.snapshot(guests, a, b)
        guest = _pick(having, a)
        name = guest.snapshots[b % len(guest.snapshots)].name
        return Operation(
            kind="delsnapshot",
            vmid=guest.vmid,
            method="DELETE",
            path=f"{_L}/{guest.vmid}/snapshot/{name}",
            after=without_snapshot(guest, name),
        )

    def clone(self, guests: Guests, a: int, b: int) -> Operation:
        if not guests:
            return self.create(guests, a, b)
        guest = _pick(guests, a)
        free = [vmid for vmid in VMIDS if vmid not in guests]
        newid = free[b % len(free)] if free and a != _ANY else VMIDS[b % len(VMIDS)]
        snapshot = guest.snapshots[-1].name if guest.snapshots and b % 2 else ""
        known = guests.get(newid)
        refusal = ""
        if guest.running and not snapshot:
            refusal = "Cannot do full clones on a running container without snapshots"
        elif known is not None:
            refusal = f"unable to create CT {newid} - CT {newid} already exists on node 'pve'"
        return Operation(
            kind="clone",
            vmid=newid,
            reads=guest.vmid,
            method="POST",
            path=f"{_L}/{guest.vmid}/clone",
            parameters={
                "newid": newid,
                "full": 1,
                **({"snapname": snapshot} if snapshot else {}),
            },
            after=known if refusal else cloned(guest, newid, snapshot),
            refusal=refusal,
        )

    def _put(
        self, guest: Guest, kind: str, sent: Mapping[str, object], after: Guest, refusal: str = ""
    ) -> Operation:
        return Operation(
            kind=kind,
            vmid=guest.vmid,
            method="PUT",
            path=f"{_L}/{guest.vmid}/config",
            parameters=sent,
            after=after,
            refusal=refusal,
        )

    def _power(self, guest: Guest, action: str, after: Guest, refusal: str) -> Operation:
        return Operation(
            kind=action,
            vmid=guest.vmid,
            method="POST",
            path=f"{_L}/{guest.vmid}/status/{action}",
            after=guest if refusal else after,
            refusal=refusal,
        )


def _pick(guests: Guests, number: int) -> Guest:
    return guests[sorted(guests)[number % len(guests)]]


def _likely(guests: Guests, number: int, *, running: bool) -> Guests:
    """Those that are on, or off; all of them when there are none, and sometimes."""
    found = {vmid: guest for vmid, guest in guests.items() if guest.running is running}
    return found if found and number != _ANY else guests


def _spare(guest: Guest) -> bool:
    return "mp0" in guest.options or bool(guest.unused())

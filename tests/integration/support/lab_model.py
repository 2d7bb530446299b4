"""What a guest should be after each change: a prediction that knows nothing of the lab's code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

STORAGE = "local-zfs"


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a snapshot keeps."""

    name: str
    options: Mapping[str, str]
    content: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Guest:
    """A guest as a client sees it, and the word in each of its volumes."""

    vmid: int
    options: Mapping[str, str]
    running: bool = False
    pool: str = ""
    content: Mapping[str, str] = field(default_factory=dict)
    """By volume id; all volumes that belong to it."""
    snapshots: tuple[Snapshot, ...] = ()

    def with_options(self, values: Mapping[str, str], *, gone: tuple[str, ...] = ()) -> Guest:
        kept = {key: value for key, value in self.options.items() if key not in gone}
        return replace(self, options=dict(sorted({**kept, **values}.items())))

    def mounted(self) -> dict[str, str]:
        """Volume ids by the path where the container has them."""
        return mounted(self.options)

    def unused(self) -> tuple[str, ...]:
        """The options that name volumes it does not use."""
        return tuple(key for key in self.options if key.startswith("unused"))

    def with_words(self, word: str) -> Guest:
        """Another word in each volume that the container has."""
        words = {volid: f"{word}:{path}" for path, volid in self.mounted().items()}
        return replace(self, content={**self.content, **words})


def mounted(options: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for key, value in options.items():
        volid, *rest = value.split(",")
        if key == "rootfs":
            found["/"] = volid
        elif key.startswith("mp"):
            found[next(word[3:] for word in rest if word.startswith("mp="))] = volid
    return found


def volume(vmid: int, disk: int) -> str:
    return f"{STORAGE}:subvol-{vmid}-disk-{disk}"


def created(vmid: int, *, name: str, pool: str, running: bool) -> Guest:
    root = volume(vmid, 0)
    options = {
        "arch": "amd64",
        "hostname": name,
        "memory": "256",
        "ostype": "debian",
        "rootfs": f"{root},size=1G",
        "swap": "0",
        "tags": "machine",
        "unprivileged": "1",
    }
    return Guest(vmid=vmid, options=options, running=running, pool=pool, content={root: ""})


def with_mount_point(guest: Guest, path: str) -> Guest:
    """A new volume as mp0; it takes the lowest number that is free."""
    taken = {int(volid.rpartition("-")[2]) for volid in guest.content}
    disk = next(number for number in range(100) if number not in taken)
    made = volume(guest.vmid, disk)
    grown = guest.with_options({"mp0": f"{made},mp={path},size=1G"})
    return replace(grown, content={**guest.content, made: ""})


def without_mount_point(guest: Guest) -> Guest:
    """The volume of mp0 stays, unused."""
    free = next(key for n in range(100) if (key := f"unused{n}") not in guest.options)
    volid = guest.options["mp0"].partition(",")[0]
    return guest.with_options({free: volid}, gone=("mp0",))


def without_unused(guest: Guest, key: str) -> Guest:
    """The unused volume is removed."""
    volid = guest.options[key]
    kept = {name: word for name, word in guest.content.items() if name != volid}
    return replace(guest.with_options({}, gone=(key,)), content=kept)


def grown(guest: Guest, disk: str) -> Guest:
    """One gibibyte more."""
    rest, _, size = guest.options[disk].rpartition("=")
    return guest.with_options({disk: f"{rest}={int(size.removesuffix('G')) + 1}G"})


def with_snapshot(guest: Guest, name: str) -> Guest:
    """As it is now, kept under a name."""
    have = set(guest.mounted().values())
    kept = {volid: word for volid, word in guest.content.items() if volid in have}
    taken = Snapshot(name=name, options=dict(guest.options), content=kept)
    return replace(guest.with_options({"parent": name}), snapshots=(*guest.snapshots, taken))


def without_snapshot(guest: Guest, name: str) -> Guest:
    """What descends from it descends from its parent then."""
    gone = next(one for one in guest.snapshots if one.name == name)
    parent = gone.options.get("parent", "")
    left = tuple(
        replace(one, options=_descending(one.options, name, parent))
        for one in guest.snapshots
        if one.name != name
    )
    return replace(guest, options=_descending(guest.options, name, parent), snapshots=left)


def _descending(options: Mapping[str, str], gone: str, parent: str) -> dict[str, str]:
    if options.get("parent") != gone:
        return dict(options)
    changed = {key: value for key, value in options.items() if key != "parent"}
    return dict(sorted({**changed, **({"parent": parent} if parent else {})}.items()))


def rolled_back(guest: Guest, name: str) -> Guest:
    """As then; volumes that it did not have are kept unused."""
    wanted = next(one for one in guest.snapshots if one.name == name)
    options = {**wanted.options, "parent": name}
    had = {value.partition(",")[0] for key, value in options.items() if _names_volume(key)}
    for key, value in guest.options.items():
        volid = value.partition(",")[0]
        if _names_volume(key) and volid not in had:
            free = next(name for n in range(100) if (name := f"unused{n}") not in options)
            options[free] = volid
    return replace(
        guest,
        options=dict(sorted(options.items())),
        running=False,
        content={**guest.content, **wanted.content},
    )


def refused_rollback(guest: Guest, name: str) -> str:
    """Why going back to a snapshot is refused; empty when it is not."""
    names = [one.name for one in guest.snapshots]
    wanted = guest.snapshots[names.index(name)]
    for later in guest.snapshots[names.index(name) + 1 :]:
        shared = set(wanted.content) & set(later.content)
        if shared:
            disk = min(shared).partition(":")[2]
            return f"can't rollback, '{name}' is not most recent snapshot on '{disk}'"
    return ""


def cloned(guest: Guest, newid: int, snapshot: str = "") -> Guest:
    """A full copy of a guest, or of a snapshot of it; unused volumes are not copied."""
    options, content = guest.options, guest.content
    if snapshot:
        kept = next(one for one in guest.snapshots if one.name == snapshot)
        options, content = kept.options, kept.content
    copied: dict[str, str] = {}
    words: dict[str, str] = {}
    disks = [key for key in ("rootfs", "mp0") if key in options]
    for disk, key in enumerate(disks):
        old, _, more = options[key].partition(",")
        new = volume(newid, disk)
        copied[key] = f"{new},{more}"
        words[new] = content[old]
    rest = {key: options[key] for key in options if not _names_volume(key) and key != "parent"}
    copied.update(rest)
    return Guest(vmid=newid, options=dict(sorted(copied.items())), content=words)


def _names_volume(key: str) -> bool:
    return key == "rootfs" or key.startswith(("mp", "unused"))

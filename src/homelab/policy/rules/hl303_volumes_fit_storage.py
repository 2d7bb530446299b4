"""HL303: The volumes on a storage fit into it."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN, GuestView


def check(subject: Subject) -> Iterator[Observation]:
    total: dict[str, int] = {}
    largest: dict[str, tuple[int, GuestView]] = {}
    doubt = ""
    for guest in subject.guests:
        if guest.mounts is UNKNOWN or guest.rootfs is UNKNOWN:
            doubt = guest.name
            continue
        for volume in (guest.rootfs, *guest.mounts):
            storage, size = volume.storage, volume.size
            if storage is UNKNOWN or size is UNKNOWN:
                doubt = guest.name
                continue
            total[storage] = total.get(storage, 0) + size
            if size > largest.get(storage, (0, guest))[0]:
                largest[storage] = (size, guest)
    for storage, needed in total.items():
        known = subject.capacity.storages.get(storage)
        owner = largest[storage][1] if storage in largest else subject.guests[0]
        if known is None:
            yield unclear(storage, f"the size of storage {storage} (policy.storages)")
        elif needed > known * subject.capacity.storage_ratio:
            text = f"{needed >> 30} GiB are wanted of {known >> 30} GiB; most by {owner.name}"
            yield fails(storage, text, "containers", owner.name)
    if doubt:
        yield unclear(doubt, "a volume's size or storage")


RULE = Rule(
    id="HL303",
    slug="volumes-fit-storage",
    summary="The volumes on a storage fit into it.",
    rationale="A thin pool that fills up turns every file system on it read-only at once.",
    fix=(
        "Shrink what is not yet made, use another storage, or correct policy.storages in "
        "homelab.toml."
    ),
    check=check,
)

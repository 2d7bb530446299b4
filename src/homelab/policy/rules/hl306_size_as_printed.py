"""HL306: A volume's size is a whole number of MiB, written as Proxmox VE prints it."""

from collections.abc import Iterator
from functools import lru_cache

from homelab.policy import reading
from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN, Text, Unknown
from homelab.pve.sizes import format_size, parse_size

_MIB = 1 << 20


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.rootfs is UNKNOWN or guest.mounts is UNKNOWN:
            yield unclear(guest.name, "a volume's size")
            continue
        for volume in (guest.rootfs, *guest.mounts):
            text = _mistake(volume.written)
            if text == "":
                continue
            place = ("rootfs",) if volume.position < 0 else ("mount_points", volume.position)
            if text is None:
                yield unclear(guest.name, "a volume's size")
            else:
                yield entry_fails(guest, text, *place, "size")


@lru_cache(maxsize=4096)
def _mistake(written: Text) -> str | None:
    """What is wrong with a size; nothing where it is right, None where it is not known."""
    if isinstance(reading.size(written), Unknown) or written is UNKNOWN:
        return None
    size = parse_size(written)
    if size == 0 or size % _MIB:
        return f"size {written} is not a whole number of MiB"
    printed = format_size(size)
    return "" if printed == written else f"size {written} is printed as {printed}"


RULE = Rule(
    id="HL306",
    slug="size-as-printed",
    summary="A volume's size is a whole number of MiB, written as Proxmox VE prints it.",
    rationale="What Proxmox VE writes another way shows up as a change in every plan.",
    fix="Write the largest unit that divides it: 16G, not 16384M.",
    check=check,
)

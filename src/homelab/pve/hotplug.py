"""Which options of a running container Proxmox VE changes at once, and which wait for its restart."""

from __future__ import annotations

from typing import Final

from homelab.pve.guest_config import index_of

HOT: Final = frozenset(
    {
        "cores",
        "cpulimit",
        "cpuunits",
        "description",
        "hookscript",
        "hostname",
        "lock",
        "memory",
        "onboot",
        "protection",
        "startup",
        "swap",
        "tags",
    }
)
"""Options that a running container takes over at once, when set and when deleted."""


def sets_hot(option: str, *, is_new: bool) -> bool:
    """Whether setting an option takes effect while the container runs.

    `is_new` says that the option had no value before: a volume or a device can be added while the
    container runs, but not exchanged.
    """
    if option in HOT or index_of(option, "net") is not None:
        return True
    return is_new and any(index_of(option, kind) is not None for kind in ("mp", "dev", "unused"))


def deletes_hot(option: str) -> bool:
    """Whether deleting an option takes effect while the container runs."""
    return option in HOT or any(index_of(option, kind) is not None for kind in ("net", "unused"))

"""One thing that Proxmox VE is asked about a guest, and how a running guest takes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from homelab.pve.hotplug import deletes_hot, sets_hot

READ_ONLY: Final = frozenset({"unprivileged"})
"""Options that a guest gets when it is made, and keeps."""

_PENDING = "Proxmox VE keeps it pending until the next start"


class Impact(StrEnum):
    """What happens to a container, mildest first."""

    ADOPT = "adopted"
    HOT = "applied while it runs"
    NEW = "new"
    SERVICE = "service is recreated"
    RESTART = "needs a restart"
    STOP = "is stopped"
    REFUSED = "refused by Proxmox VE"
    REBUILD = "rebuilt"
    GONE = "removed"


class Verb(StrEnum):
    """What is to be done with an option, or with the guest."""

    SET = "set"
    DELETE = "delete"
    RESIZE = "resize"
    MOVE = "move"
    START = "start"
    STOP = "stop"
    POOL = "pool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A change of one option of a guest's configuration, or of its power or pool."""

    verb: Verb
    option: str
    attribute: str
    """What the option is called where it is declared."""
    wanted: Any = None
    """The value as it is declared; of a move the storage, of a resize the size."""
    known: Any = None
    """The value that there is, of a resize the volume; None where the option is new."""

    @property
    def impact(self) -> Impact:
        """What it means for a guest that runs."""
        match self.verb:
            case Verb.SET if self.option in READ_ONLY:
                return Impact.REFUSED
            case Verb.SET:
                is_hot = sets_hot(self.option, is_new=self.known is None)
                return Impact.HOT if is_hot else Impact.RESTART
            case Verb.DELETE:
                return Impact.HOT if deletes_hot(self.option) else Impact.RESTART
            case Verb.MOVE:
                return Impact.RESTART
            case Verb.STOP:
                return Impact.STOP
        return Impact.HOT

    @property
    def why(self) -> str:
        """What is to be known about that; empty where it goes without saying."""
        match self.verb:
            case Verb.RESIZE:
                return "the file system grows online"
            case Verb.MOVE:
                return "the volume is moved; Proxmox VE does that only while the container stands still"
            case Verb.SET if self.impact is Impact.REFUSED:
                return "it is read-only: rebuild the container with -replace"
            case Verb.SET | Verb.DELETE if self.impact is Impact.RESTART:
                return _PENDING
        return ""

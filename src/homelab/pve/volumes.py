"""Volume ids such as `local-zfs:subvol-201-disk-0`, and requests for new volumes, `local-zfs:8`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from homelab.pve.schema import Parameter
from homelab.pve.sizes import GREATEST_SIZE

_STORAGE = r"[a-zA-Z][a-zA-Z0-9\-_.]*[a-zA-Z0-9]"
STORAGE = Parameter(pattern=_STORAGE, max_length=100)
"""The name of a storage."""
_VOLUME = re.compile(rf"({_STORAGE}):([^\s\x00-\x1f\x7f-\x9f,]+)")
_NEW = re.compile(rf"({_STORAGE}):([0-9]+(?:\.[0-9]+)?)")
_MEBIBYTE = 1 << 20
_DISK = re.compile(r"(?:[^/]+/)?(?:subvol|basevol|vm|base)-[0-9]+-disk-([0-9]{1,9})(?:\.\w+)?")


@dataclass(frozen=True, slots=True)
class VolumeId:
    """A volume: its storage and its name on it."""

    storage: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a volume id.

        Raises:
            ValueError: not a volume id; PVE's text.
        """
        match = _VOLUME.fullmatch(text)
        if match is None:
            raise ValueError(f"unable to parse volume ID '{text}'")
        return cls(match[1], match[2])

    @classmethod
    def find(cls, text: str) -> Self | None:
        """Read a volume id; None when the text is none."""
        try:
            return cls.parse(text)
        except ValueError:
            return None

    @property
    def disk(self) -> int | None:
        """The number of a guest's disk (0 for subvol-201-disk-0); None for other volumes."""
        match = _DISK.fullmatch(self.name)
        return None if match is None else int(match[1])

    def __str__(self) -> str:
        return f"{self.storage}:{self.name}"


@dataclass(frozen=True, slots=True)
class NewVolume:
    """A volume that is to be made: on which storage, and its size in bytes (whole MiB)."""

    storage: str
    size: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read `STORAGE:GiB`; None when the text is something else, such as a volume id.

        Raises:
            ValueError: it would be greater than there can be.
        """
        match = _NEW.fullmatch(text)
        if match is None:
            return None
        mebibytes = min(float(match[2]) * 1024, float(GREATEST_SIZE))
        size = int(mebibytes) * _MEBIBYTE
        if size > GREATEST_SIZE:
            raise ValueError(f"{match[2]} GiB is more than there can be")
        return cls(match[1], size)


def truncated(size: int) -> int:
    """A size in bytes cut down to whole MiB, as PVE allocates it."""
    return size // _MEBIBYTE * _MEBIBYTE

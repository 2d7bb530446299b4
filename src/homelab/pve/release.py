"""Releases of Proxmox VE that the lab can be, and what differs between them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

_FULL = {"8": "8.4.14", "9": "9.1.1"}
_REPOID = {8: "b502d23c55afcba1", 9: "7c48f1c0a9f5c1f5"}
_TEXT = re.compile(r"(8|9)(?:\.(\d+)(?:\.(\d+))?)?")


@dataclass(frozen=True, slots=True)
class Release:
    """A release such as 9.1.1; only the major number makes a difference here."""

    version: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `8`, `9`, `8.4` or `9.1.1`.

        Raises:
            ValueError: another release, or none.
        """
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no release that the lab can be; 8 and 9 are known")
        known = _FULL[match[1]]
        if match[2] is None:
            return cls(known)
        return cls(text if match[3] is not None else f"{text}.1")

    @property
    def major(self) -> int:
        """The major number."""
        return int(self.version.partition(".")[0])

    @property
    def release(self) -> str:
        """The first two numbers, as `release` in /version has them."""
        return ".".join(self.version.split(".")[:2])

    @property
    def repoid(self) -> str:
        """What /version shows beside it."""
        return _REPOID[self.major]

    @property
    def unprivileged_by_default(self) -> bool:
        """Whether a container made without `unprivileged` is."""
        return self.major >= 9

    def __str__(self) -> str:
        return self.version


DEFAULT_RELEASE = Release.parse("9")

"""Questions about this machine, in one place so that tests can answer them."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

from homelab.errors import CapabilityError, WaitTimeoutError
from homelab.process import find_program, run


class Host:
    """The machine that this program runs on."""

    def is_root(self) -> bool:
        return os.geteuid() == 0

    def architecture(self) -> str:
        """As the kernel names it, such as x86_64."""
        return platform.machine()

    def has_program(self, name: str) -> bool:
        return find_program(name) is not None

    def has_file(self, path: str) -> bool:
        return Path(path).exists()

    def has_match(self, directory: str, pattern: str) -> bool:
        """Whether a directory holds something that a pattern matches."""
        return any(Path(directory).glob(pattern))

    def read(self, path: str) -> str:
        """A file's text; empty when it can't be read."""
        try:
            return Path(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def knows(self, filesystem: str) -> bool:
        """Whether the kernel knows a file system, or has a module for it."""
        # An ordinary user may ask for a module, and root loads it.
        only_asked = () if self.is_root() else ("--dry-run",)
        return f"\t{filesystem}\n" in self.read("/proc/filesystems") or self.works(
            ("modprobe", "--quiet", *only_asked, filesystem)
        )

    def works(self, argv: Sequence[str | Path]) -> bool:
        """Whether a program that changes nothing lasting succeeds."""
        try:
            return run(argv, timeout=20, expected=range(256)).returncode == 0
        except (CapabilityError, WaitTimeoutError):
            return False

    def free_bytes(self, directory: Path) -> int:
        """Free space where a directory is, or will be made."""
        there = directory.absolute()
        while not there.exists():
            there = there.parent
        return shutil.disk_usage(there).free

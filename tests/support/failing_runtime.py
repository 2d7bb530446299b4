"""A runtime of a lab without space, for tests of what the lab does then."""

from __future__ import annotations

from pathlib import Path

from homelab.lab.runtime import RuntimeFailureError
from homelab.lab.runtimes.memory import MemoryRuntime


class FailingRuntime(MemoryRuntime):
    """Has no space left."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir)
        self.full = True
        self.stuck = False

    def create(self, guest, **more) -> None:
        if self.full:
            raise RuntimeFailureError("no space left on device")
        super().create(guest, **more)

    def apply(self, old, new, **more) -> None:
        if self.full:
            raise RuntimeFailureError("no space left on device")
        super().apply(old, new, **more)

    def destroy(self, guest, **more) -> None:
        if self.stuck:
            raise RuntimeFailureError("can't unlink")
        super().destroy(guest, **more)

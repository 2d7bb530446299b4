"""What keeps the volumes of one storage."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class VolumeBackend(Protocol):
    """Keeps volumes by name; each is a directory while the node is up.

    Paths are as the server sees them. Sizes are in bytes, and 0 is no limit.
    """

    @property
    def snapshots(self) -> bool:
        """Whether the state of a moment can be kept of a volume that is in use."""

    def path(self, name: str) -> Path:
        """Where a volume's content is, whether it exists or not."""

    def make(self, name: str, size: int) -> bool:
        """Make an empty volume; one that exists keeps its content. Whether it was made."""

    def free(self, name: str) -> None:
        """Remove a volume with its snapshots; nothing happens when there is none."""

    def limit(self, name: str, size: int) -> str | None:
        """Set a volume's size; says when that does not hold at once."""

    def settle(self, name: str) -> None:
        """Finish what waited for the volume to be out of use."""

    def used(self, name: str) -> int:
        """Bytes that a volume takes; cheap."""

    def snapshot(self, name: str, snapshot: str) -> None:
        """Keep the content of now; an earlier one of that name is replaced."""

    def delete_snapshot(self, name: str, snapshot: str) -> None:
        """Drop what was kept; nothing happens when there is no such snapshot."""

    def rollback(self, name: str, snapshot: str, size: int) -> None:
        """Put back what was kept."""

    def snapshot_path(self, name: str, snapshot: str) -> Path:
        """Where the content of then is."""

    def clone(self, source: Path, name: str, size: int) -> bool:
        """Make a volume with the content of a volume or snapshot of this backend.

        False when this backend can't, and nothing was done.
        """

    def rename(self, old: str, new: str) -> None:
        """Give a volume another name; one that has it already is done."""

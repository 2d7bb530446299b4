"""Host-wide limits that many unprivileged containers run into, raised while a lab is up.

All containers share one id range and so one quota; real Proxmox VE nodes have the same trouble.
What the limits were is kept under /run, which forgets at a reboot just as the kernel does.
"""

from __future__ import annotations

import fcntl
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_log = logging.getLogger(__name__)

WANTED = {
    "kernel/keys/maxkeys": 20_000,
    "kernel/keys/maxbytes": 2_000_000,
    "fs/inotify/max_user_instances": 8_192,
    "fs/inotify/max_user_watches": 524_288,
    # Neighbours of all network namespaces are counted together; what is full has none left for others.
    "net/ipv4/neigh/default/gc_thresh2": 8_192,
    "net/ipv4/neigh/default/gc_thresh3": 16_384,
}
"""Lowest values that hold for some dozens of containers with Docker, by path below /proc/sys."""


class HostLimits:
    """The limits, with a record of who needs them raised and what they were before."""

    def __init__(
        self, directory: Path = Path("/run/homelab"), sysctls: Path = Path("/proc/sys")
    ) -> None:
        self._record = directory / "limits.json"
        self._sysctls = sysctls

    def too_low(self) -> dict[str, int]:
        """The limits that are below what is wanted, with their values now."""
        values = {name: self._get(name) for name in WANTED}
        return {
            name: value
            for name, value in values.items()
            if value is not None and value < WANTED[name]
        }

    def raise_for(self, user: Path) -> tuple[str, ...]:
        """Raise what is too low, for the lab in directory `user`; returns what could not be."""
        with self._locked() as record:
            failed: list[str] = []
            for name, value in self.too_low().items():
                if self._set(name, WANTED[name]):
                    record["before"].setdefault(name, value)
                    _log.info("%s raised from %s to %s", _dotted(name), value, WANTED[name])
                else:
                    failed.append(f"{_dotted(name)} is {value} and can't be raised")
            record["users"][str(user)] = True
        return tuple(failed)

    def restore_for(self, user: Path) -> bool:
        """Put the limits back once no lab needs them; whether that is so now."""
        if not self._record.exists():
            return True
        with self._locked() as record:
            record["users"].pop(str(user), None)
            for name in [name for name in record["users"] if not Path(name).is_dir()]:
                del record["users"][name]
            if record["users"]:
                return False
            for name, value in record["before"].items():
                if self._get(name) == WANTED.get(name):  # else somebody changed it since
                    self._set(name, value)
            record["before"] = {}
        return True

    @contextmanager
    def _locked(self) -> Iterator[dict[str, dict[str, int]]]:
        self._record.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with self._record.open("a+", encoding="utf-8") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            stream.seek(0)
            try:
                record = json.load(stream)
            except ValueError:
                record = {"before": {}, "users": {}}
            yield record
            stream.truncate(0)
            json.dump(record, stream)
            stream.flush()
            if not record["users"]:
                self._record.unlink(missing_ok=True)
                with suppress(OSError):
                    self._record.parent.rmdir()

    def _get(self, name: str) -> int | None:
        try:
            return int((self._sysctls / name).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def _set(self, name: str, value: int) -> bool:
        try:
            (self._sysctls / name).write_text(str(value), encoding="ascii")
        except OSError:
            return False
        return True


def _dotted(name: str) -> str:
    return name.replace("/", ".")

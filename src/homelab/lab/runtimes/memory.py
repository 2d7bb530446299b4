"""The memory runtime: containers as state only, for machines without root or LXC.

What runs is kept with the volumes, so that it outlives the server as real containers do.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from homelab.files import replace_file
from homelab.lab.runtime import (
    Bridge,
    Credentials,
    Guest,
    InterfaceAddress,
    Nic,
    RuntimeFailureError,
    RuntimeKind,
    TaskLog,
    Template,
    Volume,
)
from homelab.lab.runtimes.memory_running import Running, RunningTable
from homelab.lab.runtimes.memory_volumes import MemoryVolumes

_MEBIBYTE = 1 << 20
_TEMPLATES = (
    Template(volid="local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst", size=120 * _MEBIBYTE),
    Template(volid="local:vztmpl/debian-13-standard_13.0_amd64.tar.zst", size=60 * _MEBIBYTE),
)


class MemoryRuntime:
    """Runs nothing: it only remembers which containers are on."""

    kind = RuntimeKind.MEMORY

    def __init__(self, state_dir: Path) -> None:
        self._directory = state_dir / "memory"
        self._bridges: dict[str, Bridge] = {}
        self._boot_id = self._directory / "boot-id"
        self.volumes = MemoryVolumes(self._directory / "volumes.db")
        self._running = RunningTable(self.volumes.execute)

    def open(self, bridges: Sequence[Bridge]) -> str:
        """Read what ran when the server last stopped; the boot id is that of the last orderly start."""
        self._bridges = {bridge.name: bridge for bridge in bridges}
        self.volumes.open()
        journal = self._directory / "running"
        if journal.exists():  # of an earlier release: what ran ended as with a power cut
            self._boot_id.unlink(missing_ok=True)
            journal.unlink()
        booted = not self._boot_id.exists()
        self._running.open(booted=booted)
        if booted:
            replace_file(self._boot_id, uuid.uuid4().hex)
        return self._boot_id.read_text(encoding="ascii")

    def notes(self) -> tuple[str, ...]:
        return (
            (
                "the memory runtime keeps state only: no container runs, so ssh, Ansible, "
                "service images and probes have nothing to reach"
            ),
        )

    def network_namespace(self) -> Path | None:
        return None

    def mount_namespace(self) -> Path | None:
        return None

    def templates(self) -> tuple[Template, ...]:
        return _TEMPLATES

    def create(
        self, guest: Guest, *, template: str, credentials: Credentials, log: TaskLog
    ) -> None:
        del credentials
        log(f"extracting archive '{template}'")
        for volume in guest.volumes:
            self.volumes.make(volume.volid, template if volume.path == "/" else "")
            log(f"created volume {volume.volid} at {volume.path}")

    def start(self, guest: Guest, *, log: TaskLog) -> None:
        self._require_bridges(guest.nics)
        self._running.start(guest.vmid)
        log(f"started CT {guest.vmid}")

    def stop(self, guest: Guest, *, log: TaskLog) -> None:
        del log
        self._running.stop(guest.vmid)

    def shutdown(self, guest: Guest, *, timeout: float, log: TaskLog) -> bool:
        del timeout
        self.stop(guest, log=log)
        return True

    def destroy(self, guest: Guest, *, log: TaskLog) -> None:
        self.stop(guest, log=log)
        self.volumes.remove([volume.volid for volume in guest.volumes])

    def apply(self, old: Guest, new: Guest, *, log: TaskLog) -> None:
        del log
        known = {nic.bridge for nic in old.nics}
        self._require_bridges([nic for nic in new.nics if nic.bridge not in known])
        wanted = [volume.volid for volume in new.volumes]
        for volid in wanted:
            self.volumes.make(volid, "", again=False)
        self.volumes.remove([v.volid for v in old.volumes if v.volid not in wanted])

    def resize(self, guest: Guest, volume: Volume, *, log: TaskLog) -> None:
        """Nothing to do: sizes are the server's."""

    def snapshot(self, guest: Guest, name: str, *, log: TaskLog) -> None:
        for volume in guest.volumes:
            log(f"snapshot {volume.volid}@{name}")
            self.volumes.snapshot(volume.volid, name)

    def delete_snapshot(self, guest: Guest, name: str, *, log: TaskLog) -> None:
        del log
        for volume in guest.volumes:
            self.volumes.delete_snapshot(volume.volid, name)

    def rollback(self, guest: Guest, name: str, *, log: TaskLog) -> None:
        for volume in guest.volumes:
            log(f"rollback {volume.volid}@{name}")
            self.volumes.rollback(volume.volid, name)

    def clone(
        self, source: Guest, target: Guest, *, snapshot: str | None, linked: bool, log: TaskLog
    ) -> None:
        by_path = {volume.path: volume.volid for volume in source.volumes}
        for volume in target.volumes:
            origin = by_path[volume.path]
            log(f"create {'linked' if linked else 'full'} clone of {origin} as {volume.volid}")
            self.volumes.make(volume.volid, self.volumes.content(origin, snapshot))

    def make_template(self, guest: Guest, renamed: Mapping[str, str], *, log: TaskLog) -> None:
        del guest, log
        for old, new in renamed.items():
            self.volumes.rename(old, new)

    def backup(self, guest: Guest, archive: Path, *, config: str, log: TaskLog) -> int:
        del config
        content = {volume.path: self.volumes.content(volume.volid) for volume in guest.volumes}
        log(f"creating archive '{archive}'")
        try:
            archive.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            archive.write_text(json.dumps(content), encoding="utf-8")
        except OSError as error:
            raise RuntimeFailureError(
                f"unable to write '{archive.name}' - {os.strerror(error.errno or 0)}"
            ) from error
        return archive.stat().st_size

    def restore(
        self, guest: Guest, archive: Path, *, credentials: Credentials, log: TaskLog
    ) -> None:
        del credentials
        log(f"extracting archive '{archive}'")
        try:
            content = json.loads(archive.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RuntimeFailureError(f"can't read archive '{archive.name}'") from error
        for volume in guest.volumes:
            self.volumes.make(volume.volid, content.get(volume.path, ""))

    def suspend(self, guest: Guest, *, log: TaskLog) -> None:
        self.stop(guest, log=log)

    def resume(self, guest: Guest, *, log: TaskLog) -> None:
        self.start(guest, log=log)

    def running(self) -> Running:
        return self._running.running()

    def changes(self) -> int:
        return self._running.changes

    def addresses(self, guest: Guest) -> tuple[InterfaceAddress, ...]:
        """The loopback address and the configured IPv4 addresses."""
        found = [_address("lo", "00:00:00:00:00:00", "127.0.0.1/8")]
        found += [
            _address(nic.name, nic.hwaddr, nic.ip)
            for nic in guest.nics
            if nic.ip is not None and "/" in nic.ip
        ]
        return tuple(found)

    def close(self) -> None:
        self.volumes.close()

    def shut_node(self, guests: Sequence[Guest]) -> None:
        del guests
        self._running.forget()
        self._boot_id.unlink(missing_ok=True)

    def destroy_node(self) -> None:
        self.volumes.destroy()
        for left in (*self._directory.glob("running*"), *self._directory.glob("boot-id*")):
            left.unlink()
        if self._directory.is_dir():
            self._directory.rmdir()

    def _require_bridges(self, nics: Sequence[Nic]) -> None:
        for nic in nics:
            if nic.bridge not in self._bridges:
                raise RuntimeFailureError(f"bridge '{nic.bridge}' does not exist")


def _address(interface: str, hwaddr: str, cidr: str) -> InterfaceAddress:
    address, _, prefix = cidr.partition("/")
    return InterfaceAddress(
        interface=interface, hwaddr=hwaddr, address=address, prefix=int(prefix), family=4
    )

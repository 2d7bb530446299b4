"""Whether the lab answers as a real node does: recorded once there by reading, compared here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from homelab.clients.proxmox import Proxmox
from homelab.errors import ApiError, ConfigurationError
from homelab.repository.shapes import Shape, differences, shape_of

_ABSENT = 999_999_998
"""An id that no guest has."""
_L = "nodes/{node}/lxc/{vmid}"
PATHS = (
    "version",
    "cluster/nextid",
    "cluster/resources?type=vm",
    "cluster/resources?type=node",
    "cluster/resources?type=storage",
    "cluster/status",
    "nodes",
    "nodes/{node}/status",
    "nodes/{node}/network?type=bridge",
    "nodes/{node}/storage",
    "nodes/{node}/storage/local/content?content=vztmpl",
    "nodes/{node}/tasks?limit=5",
    "nodes/{node}/lxc",
    f"{_L}/config",
    f"{_L}/pending",
    f"{_L}/status/current",
    f"{_L}/interfaces",
    f"{_L}/snapshot",
    "pools",
    "access/users?full=1",
    "access/permissions?path=/",
    "nodes/{node}/lxc/{absent}/config",
    "cluster/ha/resources/{absent}",
    "pools/homelab-no-such-pool",
    "nodes/{node}/storage/homelab-no-such-storage/status",
)
"""What is read; nothing else is ever asked of a real node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedReply:
    """One reply: its shape, or the error that it was. No value of it is kept."""

    path: str
    shape: Shape | None = None
    status: int = 200
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Replies of one node."""

    source: str
    """`recorded`, or `documented` when it was made from documentation and no node was asked."""
    pve: str
    replies: tuple[RecordedReply, ...]

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Read a recording; without a path the one that comes with the library.

        Raises:
            ConfigurationError: there is none, or it is damaged.
        """
        try:
            if path is None:
                text = (files("homelab.repository") / "documented.json").read_text("utf-8")
            else:
                text = path.read_text(encoding="utf-8")
            data: Mapping[str, Any] = json.loads(text)
            return cls(
                source=str(data["source"]),
                pve=str(data["pve"]),
                replies=tuple(RecordedReply(**reply) for reply in data["replies"]),
            )
        except OSError as error:
            raise ConfigurationError(
                f"can't read the recording {path}: {error.strerror}",
                hint="make one with 'homelab parity record'",
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(f"the recording {path} is damaged: {error}") from error

    def save(self, path: Path) -> None:
        replies = [
            {"path": r.path, "shape": r.shape}
            if r.shape is not None
            else {"path": r.path, "status": r.status, "reason": r.reason}
            for r in self.replies
        ]
        data = {"schema": 1, "source": self.source, "pve": self.pve, "replies": replies}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityReport:
    """What was compared, and where the lab differs."""

    source: str
    compared: int = 0
    problems: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    """Paths that could not be compared, such as those of a container when there is none."""


def record(client: Proxmox) -> Recording:
    """Read from a node what is compared; only GET is ever sent."""
    places = _places(client)
    replies = [reply for path in PATHS if (reply := _reply(client, path, places)) is not None]
    return Recording(source="recorded", pve=client.version(), replies=tuple(replies))


def check(client: Proxmox, recording: Recording) -> ParityReport:
    """Ask the lab the same, and compare."""
    places = _places(client)
    problems: list[str] = []
    skipped: list[str] = []
    compared = 0
    for wanted in recording.replies:
        found = _reply(client, wanted.path, places)
        if found is None:
            skipped.append(wanted.path)
            continue
        compared += 1
        problems += [f"/{wanted.path}: {text}" for text in _compared(wanted, found)]
    return ParityReport(
        source=recording.source,
        compared=compared,
        problems=tuple(problems),
        skipped=tuple(skipped),
    )


def _compared(wanted: RecordedReply, found: RecordedReply) -> list[str]:
    if wanted.shape is not None and found.shape is not None:
        return differences(wanted.shape, found.shape)
    if (wanted.status, wanted.reason) != (found.status, found.reason):
        was = f"{wanted.status} {wanted.reason or 'OK'}"
        return [f"{found.status} {found.reason or 'OK'}, and was {was}"]
    return []


def _places(client: Proxmox) -> dict[str, str]:
    containers = sorted(client.containers(), key=lambda guest: (guest.status, guest.vmid))
    places = {"absent": str(_ABSENT), "node": client.nodes()[0]}
    if containers:
        places |= {"node": containers[0].node, "vmid": str(containers[0].vmid)}
    return places


def _reply(client: Proxmox, path: str, places: Mapping[str, str]) -> RecordedReply | None:
    if "{vmid}" in path and "vmid" not in places:
        return None
    try:
        return RecordedReply(path=path, shape=shape_of(client.get(path.format(**places))))
    except ApiError as error:
        reason = error.reason.strip().splitlines()[0] if error.reason else ""
        for name in ("absent", "vmid", "node"):
            if name in places:
                reason = reason.replace(f"'{places[name]}'", f"'{{{name}}}'").replace(
                    f"/{places[name]}/", f"/{{{name}}}/"
                )
        return RecordedReply(path=path, status=error.status, reason=reason)

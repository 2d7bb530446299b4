"""What the resources ask the node, on top of plain requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol

from homelab.errors import ApiError
from homelab.provider.connection import Connection

_LISTING_AGE = 2.0


class NodeSource(Protocol):
    """What resources know of the provider that they belong to."""

    @property
    def node(self) -> Node:
        """The node, once the provider is configured."""


class Node:
    """A connection, a bound on how much goes on at once, and a listing that reads share."""

    def __init__(self, connection: Connection, *, parallel: int) -> None:
        self.api = connection
        self.slots = threading.BoundedSemaphore(parallel)
        self._listing: dict[int, Mapping[str, Any]] = {}
        self._listed_at = float("-inf")
        self._listing_lock = threading.Lock()
        self._major: int | None = None

    def guest(self, vmid: int) -> Mapping[str, Any]:
        """A guest's entry in the cluster's resources, up to two seconds old; empty when absent.

        PVE fills that listing from statistics, so absence proves nothing.
        """
        with self._listing_lock:
            if time.monotonic() - self._listed_at > _LISTING_AGE:
                guests = self.api.get("cluster/resources?type=vm") or []
                self._listing = {int(guest["vmid"]): guest for guest in guests}
                self._listed_at = time.monotonic()
            return self._listing.get(vmid, {})

    def config(self, node: str, vmid: int) -> Mapping[str, Any] | None:
        """A container's configuration; None when there is no such container."""
        return self.find(f"nodes/{node}/lxc/{vmid}/config")

    def find(self, path: str) -> dict[str, Any] | None:
        """The object at a path; None when PVE has none there."""
        try:
            return dict(self.api.get(path))
        except ApiError as error:
            if is_missing(error):
                return None
            raise

    def is_running(self, node: str, vmid: int) -> bool:
        """Whether a container runs."""
        status = self.api.get(f"nodes/{node}/lxc/{vmid}/status/current")
        return bool(status.get("status") == "running")

    def major_version(self) -> int:
        """PVE's major version, asked once."""
        if self._major is None:
            version = str(self.api.get("version").get("version", "8"))
            self._major = int(version.partition(".")[0])
        return self._major

    def power(self, node: str, vmid: int, *, on: bool) -> None:
        """Start or stop a container unless it already is as wanted."""
        if self.is_running(node, vmid) == on:
            return
        body = {} if on or self.major_version() < 8 else {"overrule-shutdown": 1}
        try:
            self.api.run(
                "POST", f"nodes/{node}/lxc/{vmid}/status/{'start' if on else 'stop'}", body
            )
        except ApiError as error:
            if ("already running" if on else "not running") not in error.reason:
                raise

    def destroy(self, node: str, vmid: int) -> None:
        """Stop and delete a container; nothing happens when it is already gone."""
        try:
            self.power(node, vmid, on=False)
            self.api.run("DELETE", f"nodes/{node}/lxc/{vmid}")
        except ApiError as error:
            if not is_missing(error):
                raise


def is_missing(error: ApiError) -> bool:
    """Whether PVE says that there is no such container."""
    return error.status in {404, 500} and "does not exist" in error.reason

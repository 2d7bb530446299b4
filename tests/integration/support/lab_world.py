"""Where the server's answers, its database and what really is there are compared."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from lab_driver import NODE, TEMPLATE, Driver, options_of
from lab_model import STORAGE, Guest, mounted
from lab_operations import POOL, Guests

MARKER = "machine-was-here"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A guest as the API shows it, and those of its volumes' words that can be read now."""

    options: Mapping[str, str]
    running: bool
    pool: str
    snapshots: tuple[tuple[str, Mapping[str, str]], ...]
    content: Mapping[str, str]

    def agrees(self, guest: Guest) -> bool:
        """Whether the guest could be the one that was expected."""
        return (
            self.options == guest.options
            and self.running == guest.running
            and self.pool == guest.pool
            and self.snapshots == tuple((one.name, one.options) for one in guest.snapshots)
            and all(guest.content.get(volid) == word for volid, word in self.content.items())
        )


class World:
    """What is there, seen from outside the server."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def look(self) -> dict[int, Seen]:
        """Every guest by id."""
        driver = self._driver
        members = {member["vmid"] for member in driver.get(f"/pools/{POOL}")["members"]}
        found = {}
        for row in driver.get(f"{NODE}/lxc"):
            vmid = int(row["vmid"])
            options = driver.options(vmid)
            running = row["status"] == "running"
            kept = [
                (
                    one["name"],
                    options_of(driver.get(f"{NODE}/lxc/{vmid}/config", snapshot=one["name"])),
                )
                for one in driver.get(f"{NODE}/lxc/{vmid}/snapshot")
                if one["name"] != "current"
            ]
            found[vmid] = Seen(
                options=options,
                running=running,
                pool=POOL if vmid in members else "",
                snapshots=tuple(kept),
                content=self._content(vmid, options, running=running),
            )
        return found

    def write(self, guest: Guest) -> None:
        """Put the guest's words into its volumes, as its programs would."""
        for path, volid in guest.mounted().items():
            word = guest.content[volid]
            if self._driver.runtime == "memory":
                self._memory("UPDATE volumes SET content = ? WHERE volid = ?", word, volid)
            else:
                file = f"{path.rstrip('/')}/{MARKER}"
                self._driver.inside(guest.vmid, f"echo {word} > {file} && sync {file}")

    def check(self, guests: Guests) -> None:
        """The database and what really is there are as the guests should have it."""
        driver = self._driver
        stored = {
            vmid: bool(running) for vmid, running in driver.rows("SELECT vmid, running FROM guests")
        }
        assert stored == {vmid: guest.running for vmid, guest in guests.items()}
        volumes = {volid for guest in guests.values() for volid in guest.content}
        assert {row[0] for row in driver.rows("SELECT volid FROM volumes")} == volumes
        assert driver.rows("SELECT upid FROM tasks WHERE endtime IS NULL") == []
        assert {row[0] for row in driver.rows("SELECT vmid FROM pool_guests")} == {
            vmid for vmid, guest in guests.items() if guest.pool
        }
        if driver.runtime == "memory":
            self._check_memory(guests, volumes)
        else:
            self._check_lxc(guests, volumes)

    def _check_memory(self, guests: Guests, volumes: set[str]) -> None:
        assert {row[0] for row in self._memory("SELECT volid FROM volumes")} == volumes
        kept = {
            f"{volid}@{name}" for volid, name in self._memory("SELECT volid, name FROM snapshots")
        }
        assert kept == _snapshots(guests)

    def _check_lxc(self, guests: Guests, volumes: set[str]) -> None:
        node = self._driver.node
        running = node.run("lxc-ls", "--running", "-1").stdout.split()
        assert set(running) == {str(vmid) for vmid, guest in guests.items() if guest.running}
        found, kept = self._directories()
        assert found == volumes
        assert kept == _snapshots(guests)
        records = {path.parent.name for path in (self._driver.state / "lxc").glob("*/names.json")}
        assert records == {str(vmid) for vmid in guests}
        links = node.run("ip", "-json", "link", "show", "type", "veth").stdout
        assert links.count('"ifname"') == len(running), links

    def _directories(self) -> tuple[set[str], set[str]]:
        """The volumes and their snapshots, as files in the node."""
        root = self._driver.node.seen(self._driver.state / "storage" / STORAGE)
        pool = (root / "volumes").is_dir()
        volumes = root / "volumes" if pool else root
        snapshots = root / "snapshots" if pool else root / ".snapshots"
        found = {f"{STORAGE}:{path.name}" for path in volumes.glob("[!.]*")}
        return found, {f"{STORAGE}:{path.name}" for path in snapshots.glob("*")}

    def _content(self, vmid: int, options: Mapping[str, str], *, running: bool) -> dict[str, str]:
        if self._driver.runtime == "memory":
            rows = self._memory(
                "SELECT volid, content FROM volumes WHERE volid LIKE ?", f"%-{vmid}-%"
            )
            return {volid: "" if word == TEMPLATE else word for volid, word in rows}
        if not running:
            return {}
        places = mounted(options)
        files = " ".join(f"{path.rstrip('/')}/{MARKER}" for path in places)
        script = f"for file in {files}; do echo =$(cat $file 2>/dev/null); done"
        words = [line[1:] for line in self._driver.inside(vmid, script).split("\n")]
        return dict(zip(places.values(), words, strict=True))

    def _memory(self, sql: str, *values: str) -> list[tuple[str, ...]]:
        path = self._driver.state / "memory" / "volumes.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            return connection.execute(sql, values).fetchall()


def _snapshots(guests: Guests) -> set[str]:
    return {
        f"{volid}@{snapshot.name}"
        for guest in guests.values()
        for snapshot in guest.snapshots
        for volid in snapshot.content
    }

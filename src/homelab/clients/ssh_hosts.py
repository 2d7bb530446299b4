"""Testinfra hosts over ssh, with one connection per container for all that is asked."""

from __future__ import annotations

import logging
import shlex
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from homelab import process
from homelab.errors import HomelabError, UnreachableError

if TYPE_CHECKING:
    from testinfra.host import Host

    from homelab.model import SshAccess

_log = logging.getLogger(__name__)


class Hosts:
    """Testinfra hosts by address, as a context manager.

    A connection is made from the network of the thread that asks first, and then shared through a
    control socket in `sockets` (its path has to be short; a directory of its own by default), also
    with other processes that use the same directory. Leaving the context closes the connections.
    """

    def __init__(self, ssh: SshAccess, *, sockets: Path | None = None, timeout: int = 5) -> None:
        self._own = TemporaryDirectory(prefix="homelab-ssh-") if sockets is None else None
        self.sockets = Path(self._own.name) if self._own is not None else Path(str(sockets))
        self._ssh = ssh
        self._timeout = timeout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every shared connection."""
        for socket in sorted(self.sockets.glob("*.mux")):
            with suppress(HomelabError):
                process.run(
                    ["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "host"],
                    timeout=10,
                    expected=(0, 255),
                )
        if self._own is not None:
            self._own.cleanup()

    def host(self, address: IPv4Address) -> Host:
        """The Testinfra host at `address`; nothing is sent yet.

        Its commands raise RuntimeError when ssh itself fails; `run` tells that apart.
        """
        import testinfra

        return testinfra.get_host(
            f"ssh://{self._ssh.user}@{address}:{self._ssh.port}",
            ssh_identity_file=None if self._ssh.private_key is None else str(self._ssh.private_key),
            ssh_extra_args=shlex.join(self._options()),
            timeout=self._timeout,
        )

    def run(self, address: IPv4Address, *argv: str) -> str:
        """Run a command there and return its standard output.

        Raises:
            UnreachableError: ssh could not log in.
            HomelabError: the command failed.
        """
        host = self.host(address)
        try:
            done = host.run(" ".join(["%s"] * len(argv)), *argv)
        except RuntimeError as error:
            raise UnreachableError(_ssh_said(error)) from error
        if done.rc != 0:
            raise HomelabError(f"{argv[0]} ended with exit code {done.rc}: {done.stderr.strip()}")
        return str(done.stdout)

    def _options(self) -> list[str]:
        words = {
            "BatchMode": "yes",
            "ConnectTimeout": str(self._timeout),
            "ServerAliveInterval": "5",
            "ServerAliveCountMax": "3",
            "ControlMaster": "auto",
            "ControlPersist": "60",
            "ControlPath": f"{self.sockets}/%C.mux",
        }
        if self._ssh.private_key is not None:
            words["IdentitiesOnly"] = "yes"
        return [*self._ssh.arguments, *(f"-o{name}={value}" for name, value in words.items())]


def _ssh_said(error: RuntimeError) -> str:
    """The words of ssh out of the command result that Testinfra raises."""
    result = error.args[0] if error.args else error
    said = getattr(result, "stderr", str(result)).strip()
    return said.splitlines()[-1].strip() if said else "ssh failed without a word"

"""An ordinary user of Debian who has sudo without a password; nothing of them is left afterwards."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
"""What Debian's /etc/profile gives to everybody but root."""
_SUDOERS = Path("/etc/sudoers.d")
_BYTECODE = Path("/var/cache/homelab/bytecode")
_MACHINE_S = re.compile(
    r"CI|HOMELAB_CACHE|(?i:(http|https|no|all)_proxy)|PIP_\w+|UV_\w+|SSL_CERT_\w+|REQUESTS_CA_BUNDLE"
)
"""How this machine reaches package registries, and whether this is CI; but no cache of root's."""


@dataclass(frozen=True, kw_only=True)
class OrdinaryUser:
    name: str
    uid: int
    home: Path

    def run(
        self, *argv: str, cwd: Path, timeout: float = 600, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, without a terminal, with what a login would set."""
        own = {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "LOGNAME": self.name,
            "PATH": PATH,
            "SHELL": "/bin/sh",
            "USER": self.name,
        }
        kept = {
            name: value
            for name, value in os.environ.items()
            if _MACHINE_S.fullmatch(name) and not name.endswith("_CACHE_DIR")
        }
        return subprocess.run(
            argv,
            cwd=cwd,
            env={**kept, **own, **env},
            user=self.name,
            group=self.name,
            extra_groups=[],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )

    def strangers(self) -> list[str]:
        """What in the home belongs to somebody else."""
        return [
            f"{place}/{name}"
            for place, directories, files in os.walk(self.home)
            for name in (*directories, *files)
            if os.lstat(f"{place}/{name}").st_uid != self.uid
        ]

    def processes(self) -> list[int]:
        """The processes of this user, without those that ended and were not waited for."""
        found = []
        for path in Path("/proc").glob("[0-9]*/status"):
            with suppress(OSError):
                status = path.read_text(encoding="utf-8", errors="replace")
                if f"\nUid:\t{self.uid}\t" in status and "\nState:\tZ" not in status:
                    found.append(int(path.parent.name))
        return found

    def leavings(self) -> list[str]:
        """What of this user is on the machine."""
        known = subprocess.run(["getent", "passwd", self.name], check=False, capture_output=True)
        places = (self.home, _SUDOERS / self.name, _BYTECODE / self.home.relative_to("/"))
        return [
            *known.stdout.decode().splitlines(),
            *(str(path) for path in places if path.exists()),
            *(f"process {number}" for number in self.processes()),
        ]


@contextmanager
def ordinary_user() -> Iterator[OrdinaryUser]:
    """Make the user; this is root."""
    name = f"homelab-{uuid.uuid4().hex[:8]}"
    with ExitStack() as stack:
        made = ["useradd", "--no-create-home", "--user-group", "--shell", "/bin/sh", name]
        subprocess.run(made, check=True, capture_output=True)
        entry = pwd.getpwnam(name)
        user = OrdinaryUser(name=name, uid=entry.pw_uid, home=Path(entry.pw_dir))
        stack.callback(_remove_home, user.home)
        user.home.mkdir(parents=True)
        # An environment is 40,000 files: in memory they are made, and gone, in no time.
        memory = ("mount", "-t", "tmpfs", "-o", "mode=0755,size=3g", "tmpfs", str(user.home))
        subprocess.run(memory, check=True)
        os.chown(user.home, entry.pw_uid, entry.pw_gid)
        stack.callback(shutil.rmtree, _BYTECODE / user.home.relative_to("/"), ignore_errors=True)
        # --force: a process that ended, and that no init waits for, would count as a login.
        stack.callback(
            subprocess.run, ["userdel", "--force", name], check=False, capture_output=True
        )
        stack.callback(_end, user)
        sudoers = _SUDOERS / name
        stack.callback(sudoers.unlink, missing_ok=True)
        sudoers.touch(mode=0o440)
        sudoers.write_text(f"{name} ALL=(ALL:ALL) NOPASSWD: ALL\n", encoding="ascii")
        yield user


def _remove_home(home: Path) -> None:
    while home.is_mount():
        subprocess.run(("umount", str(home)), check=True)
    home.rmdir()


def _end(user: OrdinaryUser) -> None:
    for number in user.processes():
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)

"""What makes a container of a template: names, addresses, keys, the administrator's access."""

from __future__ import annotations

import ctypes
import os
import secrets
import stat
import string
import threading
import uuid
from collections.abc import Sequence
from pathlib import Path

from homelab.errors import CapabilityError
from homelab.lab.host.ssh_key import new_pair
from homelab.lab.images.ownership import ID_BASE
from homelab.lab.runtime import Credentials, Guest
from homelab.lab.volumes.node_volumes import RootVolume

_BEGIN, _END = "# --- BEGIN PVE ---", "# --- END PVE ---"
_crypt_lock = threading.Lock()


class Layers:
    """A root volume and the template below it, seen as one tree, without mounting it.

    Only for a volume that is not mounted: overlayfs does not notice changes behind its back.
    """

    def __init__(self, upper: Path, lower: Sequence[Path]) -> None:
        self._upper = upper
        self._all = (upper, *lower)

    def read(self, name: str) -> str:
        """A file's content; empty when there is none."""
        path = self._find(name)
        return path.read_text(encoding="utf-8") if path is not None else ""

    def write(self, name: str, content: str, *, mode: int = 0o644) -> None:
        """Write a file into the volume; owner and mode of one that exists are kept."""
        path = self._upper / name
        below = self._find(name)
        owner, group = ID_BASE, ID_BASE
        if below is not None:
            found = below.stat()
            owner, group, mode = found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)
        self.directory(str(Path(name).parent))
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            os.fchown(descriptor, owner, group)
            os.fchmod(descriptor, mode)
            handle.write(content)

    def directory(self, name: str, *, mode: int = 0o755) -> None:
        """Make a directory of root's, or give the volume the template's one."""
        for part in [*reversed(Path(name).parents), Path(name)]:
            path = self._upper / part
            if path.is_dir():
                continue
            below = self._find(str(part))
            found = None if below is None else below.lstat()
            path.mkdir(mode=0o700)
            path.chmod(mode if found is None else stat.S_IMODE(found.st_mode))
            owner = (ID_BASE, ID_BASE) if found is None else (found.st_uid, found.st_gid)
            os.chown(path, *owner)

    def _find(self, name: str) -> Path | None:
        return next((tree / name for tree in self._all if (tree / name).exists()), None)


def layers_of(volume: RootVolume) -> Layers:
    """The layers of a volume, as its `template` file names them."""
    lower = volume.layers()
    missing = [path for path in lower if not path.is_dir()]
    if missing:
        raise CapabilityError(
            f"the template of {volume.path.name} is gone from the image cache ({missing[0]})",
            hint="create the container anew: destroy it, then deploy again",
        )
    return Layers(volume.upper, lower)


def set_up(layers: Layers, guest: Guest, credentials: Credentials) -> str:
    """Give a new container its identity and its administrator; returns its ssh host key (public)."""
    renew(layers)
    configure(layers, guest)
    let_in(layers, credentials)
    return _host_key(layers, guest.hostname)


def let_in(layers: Layers, credentials: Credentials) -> None:
    """Give the administrator the keys and the password, where there are any."""
    if credentials.ssh_public_keys:
        layers.directory("root/.ssh", mode=0o700)
        keys = "".join(f"{key.strip()}\n" for key in credentials.ssh_public_keys)
        layers.write("root/.ssh/authorized_keys", keys, mode=0o600)
    if credentials.password is not None:
        layers.write("etc/shadow", _shadow(layers.read("etc/shadow"), credentials.password))


def host_key(layers: Layers) -> str | None:
    """The public ssh host key that a tree has already."""
    return layers.read("etc/ssh/ssh_host_ed25519_key.pub").strip() or None


def renew(layers: Layers) -> None:
    """Tell a copy from what it was made of."""
    layers.write("etc/machine-id", f"{uuid.uuid4().hex}\n", mode=0o444)


def configure(layers: Layers, guest: Guest) -> None:
    """Write what follows from the configuration; done before each start, as Proxmox VE does."""
    layers.write("etc/hostname", f"{guest.hostname}\n")
    address = next((nic.ip.split("/")[0] for nic in guest.nics if nic.ip and "/" in nic.ip), None)
    hosts = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback", _BEGIN]
    domain = f" {guest.hostname}.{guest.searchdomain}" if guest.searchdomain else ""
    hosts += [f"{address or '127.0.1.1'}{domain} {guest.hostname}", _END]
    layers.write("etc/hosts", "\n".join(hosts) + "\n")
    resolv = [_BEGIN]
    resolv += [f"search {guest.searchdomain}"] if guest.searchdomain else []
    resolv += [f"nameserver {server}" for server in (guest.nameserver or "").split()]
    layers.write("etc/resolv.conf", "\n".join([*resolv, _END]) + "\n")


def _host_key(layers: Layers, hostname: str) -> str:
    private, line = new_pair(f"root@{hostname}")
    layers.write("etc/ssh/ssh_host_ed25519_key", private, mode=0o600)
    layers.write("etc/ssh/ssh_host_ed25519_key.pub", f"{line}\n")
    return line


def _shadow(text: str, password: str) -> str:
    lines = text.splitlines()
    for number, line in enumerate(lines):
        fields = line.split(":")
        if fields[0] == "root":
            fields[1] = _hashed(password)
            lines[number] = ":".join(fields)
    return "\n".join(lines) + "\n"


def _hashed(password: str) -> str:
    """The password's hash as shadow(5) has it; libcrypt's own, since `crypt` left Python 3.13."""
    alphabet = string.ascii_letters + string.digits
    salt = "$6$" + "".join(secrets.choice(alphabet) for _ in range(16))
    libcrypt = ctypes.CDLL("libcrypt.so.1")
    libcrypt.crypt.restype = ctypes.c_char_p
    with _crypt_lock:
        hashed = libcrypt.crypt(password.encode(), salt.encode())
    if not isinstance(hashed, bytes):
        raise CapabilityError("libcrypt can't make a SHA-512 password hash")
    return hashed.decode("ascii")

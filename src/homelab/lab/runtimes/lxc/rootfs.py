"""What makes a container of a template: names, addresses, keys, the administrator's access."""

from __future__ import annotations

import ctypes
import re
import secrets
import string
import threading
import uuid

from homelab.errors import CapabilityError
from homelab.lab.host.ssh_key import new_pair
from homelab.lab.host.tree import Tree, TreeError
from homelab.lab.runtime import Credentials, Guest

_BEGIN, _END = "# --- BEGIN PVE ---", "# --- END PVE ---"
_HOST_KEY = re.compile(r"(ssh-ed25519 [A-Za-z0-9+/=]{1,100})(?: [^\n]*)?\n?")
_crypt_lock = threading.Lock()


def set_up(tree: Tree, guest: Guest, credentials: Credentials) -> str:
    """Give a new container its identity and its administrator; returns its ssh host key (public)."""
    renew(tree)
    configure(tree, guest)
    let_in(tree, credentials)
    return _host_key(tree, guest.hostname)


def let_in(tree: Tree, credentials: Credentials) -> None:
    """Give the administrator the keys and the password, where there are any."""
    if credentials.ssh_public_keys:
        tree.directory("root/.ssh", mode=0o700)
        keys = "".join(f"{key.strip()}\n" for key in credentials.ssh_public_keys)
        tree.write("root/.ssh/authorized_keys", keys, mode=0o600)
    if credentials.password is not None:
        tree.write("etc/shadow", _shadow(tree.read("etc/shadow"), credentials.password))


def host_key(tree: Tree) -> str | None:
    """The public ssh host key that a tree has already; None where it is none."""
    try:
        found = _HOST_KEY.fullmatch(tree.read("etc/ssh/ssh_host_ed25519_key.pub"))
    except TreeError:
        return None
    return found[1] if found else None


def renew(tree: Tree) -> None:
    """Tell a copy from what it was made of."""
    tree.write("etc/machine-id", f"{uuid.uuid4().hex}\n", mode=0o444)


def configure(tree: Tree, guest: Guest) -> None:
    """Write what follows from the configuration; done before each start, as Proxmox VE does."""
    tree.write("etc/hostname", f"{guest.hostname}\n")
    address = next((nic.ip.split("/")[0] for nic in guest.nics if nic.ip and "/" in nic.ip), None)
    hosts = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback", _BEGIN]
    domain = f" {guest.hostname}.{guest.searchdomain}" if guest.searchdomain else ""
    hosts += [f"{address or '127.0.1.1'}{domain} {guest.hostname}", _END]
    tree.write("etc/hosts", "\n".join(hosts) + "\n")
    resolv = [_BEGIN]
    resolv += [f"search {guest.searchdomain}"] if guest.searchdomain else []
    resolv += [f"nameserver {server}" for server in (guest.nameserver or "").split()]
    tree.write("etc/resolv.conf", "\n".join([*resolv, _END]) + "\n")


def _host_key(tree: Tree, hostname: str) -> str:
    private, line = new_pair(f"root@{hostname}")
    tree.write("etc/ssh/ssh_host_ed25519_key", private, mode=0o600)
    tree.write("etc/ssh/ssh_host_ed25519_key.pub", f"{line}\n")
    return line


def _shadow(text: str, password: str) -> str:
    lines = text.removesuffix("\n").split("\n")
    for number, line in enumerate(lines):
        fields = line.split(":")
        if fields[0] == "root":
            fields[1:2] = [_hashed(password)]
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

"""Pairs of ssh keys: the one by which the lab's containers are reached, and those of hosts."""

from __future__ import annotations

import os
from pathlib import Path

from homelab.errors import ConfigurationError
from homelab.files import replace_file


def ensure_ssh_key(directory: Path) -> Path:
    """The private key (ed25519) in `directory`, made when missing; the public one is beside it.

    Raises:
        ConfigurationError: the directory can't be written.
    """
    private = directory / "id_ed25519"
    public = private.with_name("id_ed25519.pub")
    if private.exists() and public.exists():
        return private
    key, line = new_pair("homelab-lab")
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(private, key, mode=0o600)
        public.write_text(f"{line}\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"can't write an ssh key to {directory}: {os.strerror(error.errno or 0)}"
        ) from error
    return private


def new_pair(comment: str) -> tuple[str, str]:
    """A new private key (ed25519) as OpenSSH writes it, and the line of its public key."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return private.decode("ascii"), f"{public.decode('ascii')} {comment}"

"""The key pair by which the lab's containers are reached."""

from __future__ import annotations

import os
from pathlib import Path

from homelab.errors import ConfigurationError


def ensure_ssh_key(directory: Path) -> Path:
    """The private key (ed25519) in `directory`, made when missing; the public one is beside it.

    Raises:
        ConfigurationError: the directory can't be written.
    """
    private = directory / "id_ed25519"
    public = private.with_name("id_ed25519.pub")
    if private.exists() and public.exists():
        return private
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    text = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        private.unlink(missing_ok=True)
        private.touch(mode=0o600)
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.OpenSSH,
                serialization.NoEncryption(),
            )
        )
        public.write_text(f"{text.decode()} homelab-lab\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"can't write an ssh key to {directory}: {os.strerror(error.errno or 0)}"
        ) from error
    return private

"""Encrypts and decrypts text as ansible-vault does."""

from __future__ import annotations

from homelab.errors import ConfigurationError


def encrypt(text: str, password: str) -> str:
    """The text as an encrypted file, which begins with $ANSIBLE_VAULT."""
    from ansible.parsing.vault import VaultLib, VaultSecret

    secret = VaultSecret(password.encode())
    return str(VaultLib(secrets=[("default", secret)]).encrypt(text, secret=secret).decode())


def decrypt(text: str, password: str) -> str:
    """The text of an encrypted file.

    Raises:
        ConfigurationError: it is not encrypted so, or the password is another.
    """
    from ansible.errors import AnsibleError
    from ansible.parsing.vault import VaultLib, VaultSecret

    secrets = [("default", VaultSecret(password.encode()))]
    try:
        return str(VaultLib(secrets=secrets).decrypt(text).decode())
    except AnsibleError as error:
        raise ConfigurationError(
            "the vault can't be decrypted with this password",
            hint="pass the password file that the vault was made with",
        ) from error

from __future__ import annotations

import pytest

from homelab.clients.ansible.vault import decrypt, encrypt
from homelab.errors import ConfigurationError


def test_a_vault_opens_with_its_password_alone():
    text = encrypt("secret: hunter2\n", "right")
    assert text.startswith("$ANSIBLE_VAULT;1.1;AES256")
    assert decrypt(text, "right") == "secret: hunter2\n"
    with pytest.raises(ConfigurationError, match="can't be decrypted"):
        decrypt(text, "wrong")
    with pytest.raises(ConfigurationError, match="can't be decrypted"):
        decrypt("plain: text\n", "right")

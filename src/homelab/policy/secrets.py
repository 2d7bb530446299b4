"""What looks like a secret: names of variables, and values that give themselves away."""

from __future__ import annotations

import re
from functools import lru_cache

_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASS|PWD|PASSPHRASE|SECRET|SECRETS|TOKEN|APIKEY|API_KEY|PRIVATE_KEY"
    r"|ACCESS_KEY|SECRET_KEY|ENCRYPTION_KEY|CREDENTIAL|CREDENTIALS|CLAIM)(?:_VALUE)?$",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}|\bxox[abpr]-"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ|://[^/\s:@]+:[^/\s@]+@"
)


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a variable of that name holds a secret; `DB_PASSWORD_FILE` names a file and does not."""
    return _NAME.search(name) is not None


@lru_cache(maxsize=4096)
def is_secret_value(value: str) -> bool:
    """Whether a value is a key, a token or a URL with a password, whatever its name."""
    return _VALUE.search(value) is not None

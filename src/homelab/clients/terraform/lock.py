"""The dependency lock file where the same provider has two origins.

Terraform accepts a provider package whose hash is among those in .terraform.lock.hcl. The offline
provider's is the same on every machine, so both origins can be in one file; what must not happen
is that one of them locks the other out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

LOCK_FILE = ".terraform.lock.hcl"


def allow(directory: Path, address: str, package_hash: str) -> bool:
    """Add a hash to a provider's in the lock file, if it has any; whether the file changed."""

    def add(block: str) -> str:
        if package_hash in block:
            return block
        return block.replace("hashes = [", f'hashes = [\n    "{package_hash}",', 1)

    return _rewrite(directory, address, add)


def forget(directory: Path, address: str, package_hash: str) -> bool:
    """Take a provider out of the lock file when that hash is the only one; whether it changed."""

    def drop(block: str) -> str:
        hashes = set(re.findall(r'"((?:h1|zh):[^"]+)"', block))
        return "" if hashes == {package_hash} else block

    return _rewrite(directory, address, drop)


def _rewrite(directory: Path, address: str, edit: Callable[[str], str]) -> bool:
    path = directory / LOCK_FILE
    if not path.exists():
        return False
    old = path.read_text(encoding="utf-8")
    pattern = rf'^provider "{re.escape(address)}" \{{\n.*?^\}}\n'
    new = re.sub(pattern, lambda match: edit(match[0]), old, flags=re.MULTILINE | re.DOTALL)
    if new == old:
        return False
    path.write_text(new, encoding="utf-8")
    return True

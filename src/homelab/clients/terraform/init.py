"""Whether `terraform init` has anything to do, found out without running it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

_MARK = "homelab-init"


def is_initialised(directory: Path, data_dir: Path, key: Sequence[str]) -> bool:
    """Whether init ran for exactly this configuration, and what it installed is still there."""
    mark = data_dir / _MARK
    if not mark.exists() or mark.read_text(encoding="utf-8") != _digest(directory, key):
        return False
    # Every installed package (a link into the mirror) still leads to a directory.
    packages = list((data_dir / "providers").glob("*/*/*/*/*"))
    return bool(packages) and all(package.is_dir() for package in packages)


def mark_initialised(directory: Path, data_dir: Path, key: Sequence[str]) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / _MARK).write_text(_digest(directory, key), encoding="utf-8")


def _digest(directory: Path, key: Sequence[str]) -> str:
    digest = hashlib.sha256("\0".join(key).encode())
    for path in sorted(directory.rglob("*.tf")):
        if ".terraform" not in path.relative_to(directory).parts:
            digest.update(f"\0{path.relative_to(directory)}\0".encode())
            digest.update(path.read_bytes())
    for file in (directory / ".terraform.lock.hcl", *(Path(name) for name in key[1:] if name)):
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()

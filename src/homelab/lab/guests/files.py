"""Uploaded files and backups: what is in the node's `dir` storage besides the templates."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from homelab.lab.failures import ApiFailureError
from homelab.lab.node.context import Context
from homelab.lab.state.database import Transaction
from homelab.lab.state.documents import documents, put_document, remove_document
from homelab.lab.state.typed import load

_KIND = "file"
DIRECTORIES = {"backup": "dump", "iso": "iso", "vztmpl": "cache"}
SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "iso": (".iso", ".img"),
    "vztmpl": (".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2", ".tar"),
}
INCOMING = "incoming"
"""Where files are until it is clear whether they are wanted, beside those of the nodes."""
INCOMING_PREFIX = "pveupload-"
"""What their names begin with; what is there when a server starts is left over."""
_KEY = re.compile(
    r"(?P<node>[a-zA-Z0-9-]+) (?P<volid>[a-z-]+:(?P<content>backup|iso|vztmpl)/"
    r"(?:vzdump-lxc-(?P<vmid>[0-9]{3,9})-)?[-a-zA-Z0-9_.]+)"
)
_UNSAFE = re.compile(r"[^-a-zA-Z0-9_.]")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of a node's storage."""

    volid: str
    node: str
    content: str
    """vztmpl, iso or backup."""
    size: int
    ctime: int
    vmid: int = 0
    notes: str = ""
    protected: bool = False
    config: str = ""
    """Of a backup: the guest's configuration in its file form."""

    @property
    def key(self) -> str:
        """What tells it from others."""
        return f"{self.node} {self.volid}"

    def path(self, context: Context) -> Path:
        """Where it is."""
        name = self.volid.rpartition("/")[2]
        return context.files / self.node / DIRECTORIES[self.content] / name


def stored_files(context: Context) -> tuple[StoredFile, ...]:
    """The files of a context's node."""
    found = (
        load(StoredFile, value) or _damaged(key)
        for key, value in documents(context.state, _KIND).items()
    )
    return tuple(file for file in found if file is not None and file.node == context.node)


def _damaged(key: str) -> StoredFile | None:
    """What stands for a file whose record can't be read, so that it can be removed."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    return StoredFile(
        volid=match["volid"],
        node=match["node"],
        content=match["content"],
        size=0,
        ctime=0,
        vmid=int(match["vmid"] or 0),
        notes="the record of this file is damaged: remove it",
    )


def stored_file(context: Context, volid: str) -> StoredFile | None:
    """One of them."""
    return next((file for file in stored_files(context) if file.volid == volid), None)


def backup_file(context: Context, volid: str) -> StoredFile:
    """A backup; raises ApiFailureError where there is none."""
    file = stored_file(context, volid)
    if file is None or file.content != "backup":
        raise ApiFailureError(f"can't find file '{volid}'")
    return file


def put_file(transaction: Transaction, file: StoredFile) -> None:
    """Note a file."""
    put_document(transaction, _KIND, file.key, asdict(file))


def forget_file(transaction: Transaction, file: StoredFile) -> None:
    """Forget a file."""
    remove_document(transaction, _KIND, file.key)


def clean_name(name: str) -> str:
    """A file name as PVE keeps it."""
    return _UNSAFE.sub("_", name.rpartition("/")[2])


def is_name_for(content: str, name: str) -> bool:
    """Whether a file's name ends as its content asks for."""
    return name.lower().endswith(SUFFIXES.get(content, ()))


def backup_name(vmid: int, now: float) -> str:
    """The name of a backup that starts now."""
    stamp = time.strftime("%Y_%m_%d-%H_%M_%S", time.localtime(now))
    return f"vzdump-lxc-{vmid}-{stamp}.tar.zst"

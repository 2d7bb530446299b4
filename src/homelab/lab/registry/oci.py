"""OCI images as files: blobs by digest, and the manifests that tie them together."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
"""Layers are not compressed: they travel over a bridge of this machine, and zlib costs more."""

_CREATED = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A stored blob; for our uncompressed layers the digest is the layer's DiffID too."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """What a container of the image runs."""

    entrypoint: tuple[str, ...]
    command: tuple[str, ...] = ()
    environment: Mapping[str, str]
    user: str = ""
    workdir: str = "/"
    ports: tuple[str, ...] = ()
    """Such as 8080/tcp."""
    labels: Mapping[str, str]


class BlobStore:
    """Blobs in a directory, named by their SHA-256; written once, never changed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, digest: str) -> Path:
        return self.directory / digest.removeprefix("sha256:")

    def has(self, blob: Blob) -> bool:
        """Whether it is there in full."""
        try:
            return self.path(blob.digest).stat().st_size == blob.size
        except OSError:
            return False

    def add(self, content: bytes) -> Blob:
        with self.writing() as (stream, stored):
            stream.write(content)
        return stored[0]

    @contextmanager
    def writing(self) -> Iterator[tuple[IO[bytes], list[Blob]]]:
        """A stream to write a blob to; afterwards the list holds the stored blob."""
        self.directory.mkdir(parents=True, exist_ok=True)
        stored: list[Blob] = []
        descriptor, name = tempfile.mkstemp(dir=self.directory, prefix=".new-")
        try:
            with os.fdopen(descriptor, "w+b") as stream:
                yield stream, stored
                stream.seek(0)
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
                size = stream.tell()
            Path(name).chmod(0o644)
            Path(name).replace(self.directory / digest)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        stored.append(Blob(digest=f"sha256:{digest}", size=size))


def add_manifest(store: BlobStore, config: ImageConfig, layers: Sequence[Blob]) -> Blob:
    """Store an image's configuration and manifest; returns the manifest's blob."""
    body: dict[str, Any] = {
        "created": _CREATED,
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Entrypoint": list(config.entrypoint),
            "Cmd": list(config.command),
            "Env": [f"{name}={value}" for name, value in config.environment.items()],
            "User": config.user,
            "WorkingDir": config.workdir,
            "ExposedPorts": {port: {} for port in config.ports},
            "Labels": dict(config.labels),
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
        "history": [{"created": _CREATED, "created_by": "homelab"} for _ in layers],
    }
    stored = store.add(_json(body))
    return store.add(
        _json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": _descriptor(CONFIG, stored),
                "layers": [_descriptor(LAYER, layer) for layer in layers],
            }
        )
    )


def entry(
    name: str, *, mode: int, owner: str = "0:0", kind: bytes = tarfile.REGTYPE
) -> tarfile.TarInfo:
    """A tar entry with nothing in it that depends on when or where it was made."""
    info = tarfile.TarInfo(name.strip("/"))
    info.type = kind
    info.mode = mode
    user, _, group = owner.partition(":")
    info.uid, info.gid = int(user or 0), int(group or user or 0)
    return info


def _descriptor(media_type: str, blob: Blob) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": blob.digest, "size": blob.size}


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

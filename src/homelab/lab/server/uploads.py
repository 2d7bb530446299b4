"""Files that come in as multipart bodies: to disk as they come, never whole into memory."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import BodyPartReader, web

from homelab.lab.failures import ApiFailureError
from homelab.lab.guests.files import INCOMING_PREFIX
from homelab.lab.server.limits import Limits

_CHUNK = 1 << 20
_PARTS = 16
_MOST_TEXT = 65536


class Uploads:
    """The directory in which files are until they are dealt with.

    What is there when the server starts was left by one that was killed, and goes. Room is
    reserved before the first byte comes, so that files that come in at once don't fill the disk
    together.
    """

    def __init__(self, directory: Path, limits: Limits) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in directory.glob(f"{INCOMING_PREFIX}*"):
            left.unlink(missing_ok=True)
        self._directory = directory
        self._limits = limits
        self._reserved = 0

    def new_path(self) -> Path:
        """Where a file may be put."""
        return self._directory / f"{INCOMING_PREFIX}{uuid.uuid4().hex}"

    @contextmanager
    def room(self, path: Path, size: int | None) -> Iterator[None]:
        """Keep room for a file; it is gone at the end, unless somebody took it away.

        Raises:
            ApiFailureError: it does not say how long it is, or is too large.
        """
        if not size:
            raise ApiFailureError("upload without content length header not supported", status=501)
        free = shutil.disk_usage(self._directory).free - self._reserved
        if size > min(self._limits.upload_bytes, free - self._limits.spare_bytes):
            raise ApiFailureError(f"upload failed: no room for a file of {size} bytes")
        self._reserved += size
        try:
            yield
        finally:
            self._reserved -= size
            path.unlink(missing_ok=True)


async def receive(request: web.BaseRequest, path: Path) -> tuple[bytes, bool]:
    """The fields of a multipart body as a form, and whether a file was put to `path`.

    The part named `filename` is the file, as PVE wants it; its own name becomes the field's value.

    Raises:
        ApiFailureError: the body is no such form.
    """
    fields: list[tuple[str, str]] = []
    room, has_file = _MOST_TEXT, False
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise ApiFailureError("upload failed", status=501)
            if part.filename is None:
                text = await _text(part, room)
                room -= len(text)
                fields.append((part.name, text.decode(errors="replace")))
            elif has_file:
                raise ApiFailureError("upload failed: more than one file", status=501)
            else:
                has_file = True
                await _store(part, path)
                fields.append((part.name, part.filename))
            if len(fields) > _PARTS:
                raise ApiFailureError("upload failed: too many fields", status=501)
    except ValueError as error:  # also what aiohttp says of a body that is broken
        raise ApiFailureError("upload failed", status=501) from error
    return urlencode(fields, errors="replace").encode(), has_file


async def _store(part: BodyPartReader, path: Path) -> None:
    """Write a file; the disk holds up nobody else."""
    with path.open("xb") as file:
        while chunk := await part.read_chunk(_CHUNK):
            await asyncio.to_thread(file.write, chunk)


async def _text(part: BodyPartReader, most: int) -> bytes:
    text = bytearray()
    while chunk := await part.read_chunk():
        text += chunk
        if len(text) > most:
            raise ApiFailureError("for data too large", status=501)
    return bytes(text)

"""Files that come in as multipart bodies: to disk as they come, never whole into memory."""

from __future__ import annotations

import uuid
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import BodyPartReader, web

_CHUNK = 1 << 20
_MOST_TEXT = 65536


async def receive(request: web.BaseRequest, directory: Path) -> tuple[bytes, Path | None]:
    """The fields of a multipart body as a form, and where its file was put.

    The part named `filename` is the file, as PVE wants it; its own name becomes the field's value.
    """
    fields: list[tuple[str, str]] = []
    path: Path | None = None
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        if part.filename is not None:
            path = directory / f"pveupload-{uuid.uuid4().hex}"
            with path.open("wb") as file:
                while chunk := await part.read_chunk(_CHUNK):
                    file.write(chunk)
            fields.append((part.name, part.filename))
        else:
            fields.append((part.name, (await part.text())[:_MOST_TEXT]))
    return urlencode(fields).encode(), path

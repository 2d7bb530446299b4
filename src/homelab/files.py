"""Files that are there whole or not at all, whatever ends the program that writes them."""

from __future__ import annotations

import os
import threading
from pathlib import Path


def replace_file(
    path: Path, content: str | bytes, *, mode: int | None = None, by_several: bool = False
) -> None:
    """Put a file where it was or was not, in one step; its directory exists.

    Text is written as UTF-8. `mode`, such as 0o600, holds from its first byte on. Where no lock
    keeps other writers away, several threads and processes may write it at once with `by_several`.
    What a cut-off write leaves is the file's name with the suffix `.new`, or `.PID-THREAD.new`.

    Raises:
        OSError: it could not be written; what was there before still is.
    """
    temporary = path.with_suffix(".new")
    if by_several:
        temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    temporary.unlink(missing_ok=True)
    try:
        if mode is not None:
            temporary.touch(mode=mode)
            temporary.chmod(mode)  # whatever the umask says
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

"""Files that are there whole or not at all, whatever ends the program that writes them."""

from __future__ import annotations

from pathlib import Path


def replace_file(path: Path, content: str | bytes, *, mode: int | None = None) -> None:
    """Put a file where it was or was not, in one step; its directory exists.

    Text is written as UTF-8. `mode`, such as 0o600, holds from its first byte on.
    What a cut-off write leaves is the file's name with the suffix `.new`.

    Raises:
        OSError: it could not be written; what was there before still is.
    """
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    if mode is not None:
        temporary.touch(mode=mode)
        temporary.chmod(mode)  # whatever the umask says
    temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    temporary.replace(path)

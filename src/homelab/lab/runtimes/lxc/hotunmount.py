"""Unmounts volumes from a running container: run as a program, with the standard library alone.

`python hotunmount.py INIT_PID NAME...`, where a name is that of a volume's directory, or the
`MAJOR:MINOR` of a file system that is a volume by itself. What is in use stays for those who use it.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from pathlib import Path, PurePath

_CLONE_NEWNS = 0x00020000
_MNT_DETACH = 2


def targets(mountinfo: str, names: frozenset[str]) -> list[str]:
    """Where those volumes are mounted, the latest mount first (proc_pid_mountinfo(5))."""
    found = []
    for line in mountinfo.splitlines():
        _id, _parent, device, root, target, *_rest = line.split(" ")
        own = PurePath(root.removesuffix("//deleted")).name or device
        if own in names:
            found.append(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), target))
    return found[::-1]


def main(arguments: list[str]) -> None:
    """Find the mounts, enter the container's mount namespace, detach them."""
    init, *names = arguments
    text = Path(f"/proc/{init}/mountinfo").read_text(encoding="utf-8")
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(f"/proc/{init}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    if libc.setns(descriptor, _CLONE_NEWNS) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    for target in targets(text, frozenset(names)):
        if libc.umount2(target.encode(), _MNT_DETACH) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), target)


if __name__ == "__main__":
    main(sys.argv[1:])

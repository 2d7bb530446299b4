"""Which Git revision the project's files are at, and what differs from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from homelab.errors import CapabilityError
from homelab.process import run

_SAFE = ("-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
"""Under sudo the repository belongs to someone else; Git takes this setting from here alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit, its content, and changes that are in no commit."""

    commit: str
    tree: str
    """The content's id. It is the same for a merge commit and the branch that it took over whole."""
    dirty: str = ""
    """A digest over what is changed or untracked; empty when nothing is."""

    def same_content(self, other: Revision) -> bool:
        """Whether both are the same files, whichever commit has them."""
        return (self.tree, self.dirty) == (other.tree, other.dirty)

    def __str__(self) -> str:
        return self.commit[:12] + (
            f" with uncommitted changes ({self.dirty[:8]})" if self.dirty else ""
        )


def revision_of(directory: Path) -> Revision | None:
    """The revision of the repository around a directory; None where there is none, or no Git."""
    try:
        found = _git(directory, "rev-parse", "HEAD", "HEAD^{tree}")
    except CapabilityError:
        return None
    if found is None:
        return None
    commit, tree = found.split()
    return Revision(commit=commit, tree=tree, dirty=_dirty(directory))


def _dirty(directory: Path) -> str:
    top = Path((_git(directory, "rev-parse", "--show-toplevel") or str(directory)).strip())
    digest = hashlib.sha256()
    changed = _git(top, "diff", "--binary", "--no-ext-diff", "--no-textconv", "HEAD") or ""
    untracked = (_git(top, "ls-files", "--others", "--exclude-standard", "-z") or "").split("\0")
    names = sorted(name for name in untracked if name)
    if not changed and not names:
        return ""
    digest.update(changed.encode())
    for name in names:
        path = top / name
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        digest.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _git(directory: Path, *words: str) -> str | None:
    done = run(("git", *_SAFE, "-C", directory, *words), expected=range(256))
    return done.stdout if done.returncode == 0 else None

"""What a node made here lacks against a real one, said aloud."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from pathlib import Path

from homelab.lab.host import cgroups

_APPARMOR = Path("/sys/module/apparmor/parameters/enabled")


def notes_on(enforced: AbstractSet[str], apparmor: Path = _APPARMOR) -> tuple[str, ...]:
    """One sentence for each thing; `enforced` are the controllers whose limits hold."""
    found = [
        "privileged containers run with the id map of unprivileged ones",
    ]
    missing = sorted({"memory", "cpu"} - enforced)
    if missing:
        found.append(f"limits of {' and '.join(missing)} are recorded and not enforced")
    elif cgroups.v1_mounts():
        found.append("limits hold through cgroup v1, so that programs in containers don't see them")
    try:
        confined = apparmor.read_text(encoding="ascii").startswith("Y")
    except OSError:
        confined = False
    if not confined:
        found.append("this kernel has no AppArmor, so that 'nesting' makes no difference")
    else:
        found.append("containers run without an AppArmor profile, as with 'nesting'")
    return tuple(found)

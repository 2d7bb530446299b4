"""Work on volumes that a runtime does not have yet: every call fails, and says so."""

from __future__ import annotations

from typing import NoReturn

from homelab.lab.runtime import RuntimeFailureError


class WithoutVolumeWork:
    """What is put behind a runtime; the methods that it has itself win."""

    def snapshot(self, *_parts: object, **_named: object) -> NoReturn:
        """Refused."""
        raise _missing("snapshots")

    def delete_snapshot(self, *_parts: object, **_named: object) -> NoReturn:
        """Refused."""
        raise _missing("snapshots")

    def rollback(self, *_parts: object, **_named: object) -> NoReturn:
        """Refused."""
        raise _missing("snapshots")

    def clone(self, *_parts: object, **_named: object) -> NoReturn:
        """Refused."""
        raise _missing("clones")

    def make_template(self, *_parts: object, **_named: object) -> NoReturn:
        """Refused."""
        raise _missing("templates made from containers")

    def backup(self, *_parts: object, **_named: object) -> NoReturn:
        """Refused."""
        raise _missing("backups")

    def restore(self, *_parts: object, **_named: object) -> NoReturn:
        """Refused."""
        raise _missing("backups")

    def suspend(self, *_parts: object, **_named: object) -> NoReturn:
        """Refused."""
        raise _missing("suspended containers")

    def resume(self, *_parts: object, **_named: object) -> NoReturn:
        """Refused."""
        raise _missing("suspended containers")


def _missing(what: str) -> RuntimeFailureError:
    return RuntimeFailureError(f"this runtime has no {what} yet; the memory runtime has")

"""What a caller may do where."""

from __future__ import annotations

from collections.abc import Sequence

from homelab.lab.auth import ROOT, Caller
from homelab.lab.failures import forbidden
from homelab.pve.privileges import PRIVILEGES


class Access:
    """Decides about privileges; so far root@pam is the only user, and may do everything."""

    def users(self) -> tuple[str, ...]:
        """The ids of all users."""
        return (ROOT,)

    def privileges(self, user: str, path: str) -> tuple[str, ...]:
        """What a user may do at a path."""
        del path
        return PRIVILEGES if user == ROOT else ()

    def require(self, caller: Caller, path: str, *names: str, any_of: Sequence[str] = ()) -> None:
        """Refuse a caller who lacks one of `names`, or all of `any_of`.

        Raises:
            ApiFailureError: 403 with PVE's text.
        """
        held = self.privileges(caller.user, path)
        for name in names:
            if name not in held:
                raise forbidden(f"{path}, {name}")
        if any_of and not set(any_of) & set(held):
            raise forbidden(f"{path}, {'|'.join(any_of)}")

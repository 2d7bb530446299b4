"""How far /cluster/resources lags behind: on PVE it shows what pvestatd saw some seconds ago."""

from __future__ import annotations

from collections.abc import Mapping

Row = Mapping[str, object]
_AT_ONCE = frozenset({"id", "vmid", "type", "node", "template", "pool", "tags", "lock"})
"""What PVE takes from the configurations, and so shows as it is now."""


class Lag:
    """Shows guests as they were when it last looked, which it should every `seconds` seconds.

    A guest that it has not seen yet is there, with the status `unknown` and without a name; one
    that is gone is gone.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.looks = 0
        """How often it looked."""
        self._seen: Mapping[int, Row] = {}

    def look(self, rows: Mapping[int, Row]) -> None:
        """See the guests as they are."""
        self._seen = dict(rows)
        self.looks += 1

    def shown(self, vmid: int, now: Row) -> dict[str, object]:
        """What a guest is shown as, when it is `now`."""
        seen = self._seen.get(vmid, {"status": "unknown"})
        then = {key: value for key, value in seen.items() if key not in _AT_ONCE}
        return {**then, **{key: value for key, value in now.items() if key in _AT_ONCE}}

"""How long a change takes a service away, and for how long it may be away in 30 days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from homelab.pve.guest_change import Impact

DOWNTIME: Final[Mapping[Impact, int]] = {
    Impact.SERVICE: 20,
    Impact.RESTART: 60,
    Impact.REBUILD: 300,
}
"""Estimates in seconds until the service is healthy again; rebuilt without restoring data."""

PERIOD: Final = 30 * 24 * 3600
"""Seconds over which an objective is measured."""


def budget(slo: float) -> float:
    """The seconds of a period in which a service of that objective (percent) may be down."""
    return round(PERIOD * (100 - slo) / 100, 3)


def duration(seconds: float) -> str:
    """Such as 43 m 12 s."""
    whole = round(seconds)
    days, rest = divmod(whole, 24 * 3600)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (left, "s"))
    said = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(said) or "0 s"

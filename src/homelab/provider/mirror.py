"""Where the offline provider is installed from; the lab writes the same, so it lives below both."""

from __future__ import annotations

from homelab.mirror import package_hash, serves_offline, write_mirror

__all__ = ["package_hash", "serves_offline", "write_mirror"]

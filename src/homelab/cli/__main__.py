"""Makes `python -m homelab.cli` the same as `homelab`."""

from __future__ import annotations

from homelab.cli import main

main()

"""The suite asks a deployed target; without one it ends at once and says what to do."""

from __future__ import annotations

from homelab.pytest_plugin import require_target

pytest_configure = require_target

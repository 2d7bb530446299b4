from __future__ import annotations

from types import SimpleNamespace

import pytest

from homelab.errors import CapabilityError
from homelab.lab.images import build


def test_a_full_disk_is_said_before_a_build_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(build.shutil, "disk_usage", lambda _: SimpleNamespace(free=5 << 20))
    with pytest.raises(CapabilityError, match=r"5 MiB free.*needs 2048 MiB"):
        build.check_space(tmp_path)

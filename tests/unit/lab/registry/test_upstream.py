from __future__ import annotations

import pytest

from homelab.errors import CommandError
from homelab.lab.registry import upstream
from homelab.lab.registry.oci import BlobStore


def test_an_upstream_copy_without_a_way_out_says_what_to_do(tmp_path, monkeypatch):
    def refused(argv, **_):
        raise CommandError(argv, 1, "no such host")

    monkeypatch.setattr(upstream.Host, "has_program", lambda *_: True)
    monkeypatch.setattr(upstream, "run", refused)
    with pytest.raises(CommandError, match="use '--images lab'"):
        upstream.copy_upstream("a/a:1", BlobStore(tmp_path / "blobs"), print)
    assert list(tmp_path.iterdir()) == [tmp_path / "blobs"]

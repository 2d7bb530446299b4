from __future__ import annotations

import io
import json
import tarfile

import pytest

from homelab.lab.registry.layers import LayerCache


@pytest.fixture
def packages(monkeypatch):
    """Packages come from nowhere; each has one file."""
    asked: list[list[str]] = []

    def ensure(cache: LayerCache, names, _on_line) -> None:
        missing = sorted({name for name in names if cache.get(name) is None})
        if missing:
            asked.append(missing)
        for name in missing:
            cache._directory.mkdir(parents=True, exist_ok=True)
            stream = io.BytesIO()
            with tarfile.open(fileobj=stream, mode="w") as out:
                info = tarfile.TarInfo("usr/bin/busybox")
                info.size = len(name)
                out.addfile(info, io.BytesIO(name.encode()))
            blob = cache._store.add(stream.getvalue())
            record = {"version": "1.0", "blob": {"digest": blob.digest, "size": blob.size}}
            (cache._directory / f"{name}.json").write_text(json.dumps(record))

    monkeypatch.setattr(LayerCache, "ensure", ensure)
    return asked

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.registry.oci import BlobStore, ImageConfig, add_manifest


@given(st.binary(max_size=2000))
def test_a_blob_is_named_by_its_digest(content):
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        store = BlobStore(Path(name))
        blob = store.add(content)
        assert blob.digest == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert store.path(blob.digest).read_bytes() == content
        assert store.has(blob)
        assert store.add(content) == blob


def test_a_write_that_fails_leaves_no_blob(tmp_path):
    store = BlobStore(tmp_path)

    def fail() -> None:
        with store.writing() as (stream, _):
            stream.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_the_same_image_has_the_same_digest(tmp_path):
    config = ImageConfig(entrypoint=("/x",), environment={"A": "b"}, labels={"l": "m"})
    digests = set()
    for name in ("a", "b"):
        store = BlobStore(tmp_path / name)
        digests.add(add_manifest(store, config, [store.add(b"layer")]).digest)
    assert len(digests) == 1

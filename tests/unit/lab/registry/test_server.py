from __future__ import annotations

import http.client
import json
import threading

import pytest

from homelab.lab.registry.oci import MANIFEST, BlobStore, ImageConfig, add_manifest
from homelab.lab.registry.server import Registry


@pytest.fixture
def registry(tmp_path):
    store = BlobStore(tmp_path / "blobs")
    config = ImageConfig(entrypoint=("/x",), environment={}, labels={})
    layer = store.add(b"x" * 100_000)
    manifest = add_manifest(store, config, [layer])
    references = tmp_path / "references.json"
    references.write_text(json.dumps({"prom/prometheus:v3": manifest.digest}))
    with Registry(("127.0.0.1", 0), store.directory, references) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
        yield connection, manifest, layer
        connection.close()
        server.shutdown()
        thread.join()


def ask(connection, path, method="GET"):
    connection.request(method, path)
    answer = connection.getresponse()
    return answer, answer.read()


def test_a_pull(registry):
    connection, manifest, layer = registry
    assert ask(connection, "/v2/")[0].status == 200
    answer, body = ask(connection, "/v2/prom/prometheus/manifests/v3")
    assert answer.headers["Content-Type"] == MANIFEST
    assert answer.headers["Docker-Content-Digest"] == manifest.digest
    again, same = ask(connection, f"/v2/prom/prometheus/manifests/{manifest.digest}")
    assert (again.status, same) == (200, body)
    head, nothing = ask(connection, "/v2/prom/prometheus/manifests/v3", "HEAD")
    assert (head.headers["Content-Length"], nothing) == (str(len(body)), b"")
    _, content = ask(connection, f"/v2/prom/prometheus/blobs/{layer.digest}")
    assert content == b"x" * 100_000
    assert ask(connection, "/v2/")[0].status == 200, "the connection stays usable"


def test_a_manifest_that_does_not_say_what_it_is(registry, tmp_path):
    blob = BlobStore(tmp_path / "blobs").add(b'{"schemaVersion": 2}')
    answer, _ = ask(registry[0], f"/v2/a/b/manifests/{blob.digest}")
    assert answer.headers["Content-Type"] == MANIFEST


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v2/prom/prometheus/manifests/v4", "MANIFEST_UNKNOWN"),
        ("/v2/prom/prometheus/blobs/sha256:" + "0" * 64, "BLOB_UNKNOWN"),
        ("/v2/prom/prometheus/blobs/references.json", "MANIFEST_UNKNOWN"),
        ("/v2/prom/prometheus/blobs/../references.json", "UNSUPPORTED"),
        ("/v2/prom/prometheus/tags/list", "UNSUPPORTED"),
        ("/", "UNSUPPORTED"),
    ],
)
def test_what_is_not_there_is_an_error_of_the_api(registry, path, code):
    answer, body = ask(registry[0], path)
    assert answer.status == 404
    assert json.loads(body)["errors"][0]["code"] == code

from __future__ import annotations

import hashlib
import http.client
import io
import json
import tarfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.errors import CapabilityError, CommandError, ConfigurationError
from homelab.lab.registry import layers as layers_module
from homelab.lab.registry import service_images, upstream
from homelab.lab.registry.definition import load_service_definitions
from homelab.lab.registry.layers import LayerCache, PackageLayer
from homelab.lab.registry.oci import MANIFEST, BlobStore, ImageConfig, add_manifest
from homelab.lab.registry.server import Registry
from homelab.lab.registry.service_images import ensure_service_images, read_service_images
from homelab.model.values import Health, PublishedPort, Service


def service(image: str, port: int = 8080, **health: object) -> Service:
    return Service(
        image=image,
        ports=(PublishedPort(port=port), PublishedPort(port=53, protocol="udp")),
        health=Health(port=port, **health),
        slo=99,
    )


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


def images(tmp_path, *services, **more):
    return ensure_service_images(
        services,
        state_dir=tmp_path / "state",
        cache_dir=tmp_path / "cache",
        on_line=lambda _: None,
        **more,
    )


def stored(tmp_path, digest: str) -> dict:
    return json.loads((tmp_path / "cache/registry/blobs" / digest[7:]).read_text())


def test_the_projects_definitions_load():
    known = load_service_definitions()
    assert known.image["prom/prometheus"].packages[0] == "prometheus"


@pytest.mark.parametrize("text", ["suite = ", "suite = 'x'\n", "suite='x'\nshell='y'\nmore=1\n"])
def test_wrong_definitions_name_their_file(tmp_path, text):
    path = tmp_path / "services.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"services\.toml"):
        load_service_definitions(path)
    with pytest.raises(ConfigurationError, match="No such file"):
        load_service_definitions(tmp_path / "absent")


@given(st.binary(max_size=2000))
def test_a_blob_is_named_by_its_digest(content):
    import tempfile
    from pathlib import Path

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


def test_real_programs_and_stand_ins(tmp_path, packages):
    made = images(tmp_path, service("prom/prometheus:v3"), service("grafana/grafana:1", path="/h"))
    assert [image.origin for image in made] == ["debian:prometheus 1.0", "stand-in"]
    assert [image.stand_in for image in made] == [False, True]
    assert read_service_images(tmp_path / "state") == made

    manifest = stored(tmp_path, made[1].digest)
    config = stored(tmp_path, manifest["config"]["digest"])["config"]
    assert config["Labels"]["org.homelab.stand-in"] == "true"
    assert "PORTS=8080" in config["Env"]
    assert "HEALTH_PATH=/h" in config["Env"]
    assert config["ExposedPorts"] == {"8080/tcp": {}, "53/udp": {}}
    real = stored(tmp_path, stored(tmp_path, made[0].digest)["config"]["digest"])["config"]
    assert real["Labels"]["org.homelab.stand-in"] == "false"
    assert real["User"] == "65534:65534"


def test_a_package_without_a_program_of_its_own_name_is_a_layer_each(tmp_path, packages):
    (made,) = images(tmp_path, service("binwiederhier/ntfy:v1"))
    manifest = stored(tmp_path, made.digest)
    assert len(manifest["layers"]) == 1 + 3 + 1  # the shell, three packages, directories


def test_what_has_not_changed_is_not_made_again(tmp_path, packages):
    first = images(tmp_path, service("grafana/grafana:1"))
    assert images(tmp_path, service("grafana/grafana:1")) == first
    assert len(packages) == 1
    changed = images(tmp_path, service("grafana/grafana:1", port=9000))
    assert changed[0].digest != first[0].digest
    assert len(packages) == 1


def test_a_service_that_is_gone_is_no_longer_served(tmp_path, packages):
    images(tmp_path, service("a/a:1"), service("b/b:1"))
    images(tmp_path, service("a/a:1"))
    references = json.loads((tmp_path / "state/registry/references.json").read_text())
    assert list(references) == ["a/a:1"]


def test_a_stand_in_can_not_speak_https(tmp_path, packages):
    with pytest.raises(ConfigurationError, match="can't answer https"):
        images(tmp_path, service("a/a:1", scheme="https"))


def test_upstream_images_are_copied(tmp_path, packages, monkeypatch):
    copied: list[str] = []

    def copy(reference, store, _on_line):
        copied.append(reference)
        return store.add(b"{}").digest

    monkeypatch.setattr(service_images, "copy_upstream", copy)
    (made,) = images(tmp_path, service("a/a:1"), mode="upstream")
    images(tmp_path, service("a/a:1"), mode="upstream")
    assert made.origin == "upstream"
    assert copied == ["a/a:1"]
    assert packages == []


def test_a_full_disk_stops_before_the_download(tmp_path, monkeypatch):
    def full(*_):
        raise CapabilityError("5 MiB free")

    monkeypatch.setattr(layers_module, "check_space", full)
    with pytest.raises(CapabilityError, match="5 MiB"):
        images(tmp_path, service("a/a:1"))
    assert read_service_images(tmp_path / "state") == ()


def test_the_shells_layer_has_busybox_under_all_its_names(tmp_path, packages):
    store = BlobStore(tmp_path)
    cache = LayerCache(tmp_path / "layers", store, "trixie", templates=tmp_path)
    cache.ensure(["busybox-static"], print)
    assert isinstance(cache.get("busybox-static"), PackageLayer)
    with tarfile.open(store.path(cache.shell("busybox-static").digest)) as layer:
        names = set(layer.getnames())
        assert {"bin", "usr/bin/sh", "usr/bin/wget", "usr/bin/stand-in", "etc/passwd"} <= names
        assert layer.getmember("tmp").mode == 0o1777


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


def test_an_upstream_copy_without_a_way_out_says_what_to_do(tmp_path, monkeypatch):
    def refused(argv, **_):
        raise CommandError(argv, 1, "no such host")

    monkeypatch.setattr(upstream.Host, "has_program", lambda *_: True)
    monkeypatch.setattr(upstream, "run", refused)
    with pytest.raises(CommandError, match="use '--images lab'"):
        upstream.copy_upstream("a/a:1", BlobStore(tmp_path / "blobs"), print)
    assert list(tmp_path.iterdir()) == [tmp_path / "blobs"]


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


def test_packages_come_from_where_the_templates_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers_module, "keyring", lambda: Path("debian.gpg"))
    with pytest.raises(CapabilityError, match="no container template of trixie"):
        layers_module.archive_of(tmp_path, "trixie")
    listing = tmp_path / "debian-13-standard-0" / "rootfs" / "etc" / "apt" / "sources.list"
    listing.parent.mkdir(parents=True)
    listing.write_text(
        "deb http://mirror.test/debian trixie-updates main\n"
        "deb http://mirror.test/debian trixie main\n"
    )

    line = layers_module.archive_of(tmp_path, "trixie")

    assert line == "deb [signed-by=debian.gpg] http://mirror.test/debian trixie main\n"

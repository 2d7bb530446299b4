from __future__ import annotations

import json

import pytest

from homelab.errors import CapabilityError, ConfigurationError
from homelab.lab.registry import layers as layers_module
from homelab.lab.registry import service_images
from homelab.lab.registry.service_images import ensure_service_images, read_service_images
from homelab.model.values import Health, PublishedPort, Service


def service(image: str, port: int = 8080, **health: object) -> Service:
    return Service(
        image=image,
        ports=(PublishedPort(port=port), PublishedPort(port=53, protocol="udp")),
        health=Health(port=port, **health),
        slo=99,
    )


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

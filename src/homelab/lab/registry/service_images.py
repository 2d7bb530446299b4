"""The image of each service, made available to the lab's registry under its declared name."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from homelab.errors import ConfigurationError
from homelab.files import replace_file
from homelab.lab.images.cache import locked
from homelab.lab.registry.definition import (
    PackagedImage,
    ServiceDefinitions,
    load_service_definitions,
)
from homelab.lab.registry.layers import LayerCache
from homelab.lab.registry.oci import Blob, BlobStore, ImageConfig, add_manifest
from homelab.lab.registry.upstream import copy_upstream
from homelab.model.values import Service
from homelab.relay import Relay

_log = logging.getLogger(__name__)

_FORMAT = 1
_STAND_IN_LABEL = "org.homelab.stand-in"
_ORIGIN_LABEL = "org.homelab.origin"

ImageMode = Literal["lab", "upstream"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceImage:
    """An image that the lab's registry serves."""

    reference: str
    """As the topology declares it, such as prom/prometheus:v3.3.1."""
    origin: str
    """`debian:PACKAGE VERSION`, `stand-in`, or `upstream`."""
    digest: str
    """The manifest's."""

    @property
    def stand_in(self) -> bool:
        """Whether it only answers in place of the real program."""
        return self.origin == "stand-in"


def references_file(state_dir: Path) -> Path:
    """The lab's tags; what the registry process reads."""
    return state_dir / "registry" / "references.json"


def blobs_directory(cache_dir: Path) -> Path:
    """The blobs, shared by every lab of this cache."""
    return cache_dir / "registry" / "blobs"


def read_service_images(state_dir: Path) -> tuple[ServiceImage, ...]:
    """What the lab's registry serves now."""
    path = references_file(state_dir).with_name("images.json")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    return tuple(ServiceImage(**item) for item in data)


def ensure_service_images(
    services: Iterable[Service],
    *,
    state_dir: Path,
    cache_dir: Path,
    mode: ImageMode = "lab",
    on_line: Callable[[str], None] = _log.info,
    definitions: Path | None = None,
) -> tuple[ServiceImage, ...]:
    """Make the image of every service available in the lab; unchanged ones take no time.

    Raises:
        CapabilityError: no space, or a program is missing.
        CommandError: a download failed.
        ConfigurationError: a stand-in can't answer as the service's health endpoint has to.
    """
    wanted = {service.image: service for service in services}
    known = load_service_definitions(definitions)
    keys = {reference: _key(known, service, mode) for reference, service in wanted.items()}
    with Relay(on_line) as tell, locked(cache_dir / "registry"):
        builder = _Builder(cache_dir / "registry", known, tell)
        missing = [reference for reference, key in keys.items() if builder.cached(key) is None]
        builder.prepare(missing, mode)
        for reference in missing:
            builder.build(wanted[reference], keys[reference], mode)
        images = tuple(
            ServiceImage(reference=reference, **(builder.cached(key) or {}))
            for reference, key in keys.items()
        )
    _publish(state_dir, images)
    return images


class _Builder:
    def __init__(
        self, directory: Path, known: ServiceDefinitions, on_line: Callable[[str], None]
    ) -> None:
        self._images = directory / "images"
        self._store = BlobStore(directory / "blobs")
        self._layers = LayerCache(
            directory / "layers",
            self._store,
            known.suite,
            templates=directory.parent / "templates",
        )
        self._known = known
        self._on_line = on_line
        self._shell: Blob | None = None

    def cached(self, key: str) -> dict[str, str] | None:
        try:
            data = json.loads((self._images / f"{key}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        digest, origin = str(data["digest"]), str(data["origin"])
        return {"digest": digest, "origin": origin} if self._store.path(digest).exists() else None

    def prepare(self, references: Iterable[str], mode: ImageMode) -> None:
        if mode == "upstream":
            return
        references = list(references)
        packages = [self._known.shell] if references else []
        for reference in references:
            packaged = self._packaged(reference)
            packages += packaged.packages if packaged is not None else ()
        self._layers.ensure(packages, self._on_line)

    def build(self, service: Service, key: str, mode: ImageMode) -> None:
        packaged = self._packaged(service.image)
        if mode == "upstream":
            origin = "upstream"
            digest = copy_upstream(service.image, self._store, self._on_line)
        elif packaged is not None:
            origin, digest = self._from_packages(service, packaged)
        else:
            origin, digest = "stand-in", self._stand_in(service)
        self._images.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"digest": digest, "origin": origin})
        replace_file(self._images / f"{key}.json", text)

    def _packaged(self, reference: str) -> PackagedImage | None:
        return self._known.image.get(reference.rpartition(":")[0])

    def _from_packages(self, service: Service, image: PackagedImage) -> tuple[str, str]:
        layers = [self._bottom()]
        versions: list[str] = []
        for package in reversed(image.packages):
            layer = self._layers.get(package)
            assert layer is not None  # noqa: S101  (prepare() came before)
            layers.append(layer.blob)
            versions.insert(0, f"{package} {layer.version}")
        if image.directories:
            layers.append(self._layers.directories(image.directories, image.user))
        origin = f"debian:{versions[0]}"
        config = ImageConfig(
            entrypoint=image.entrypoint,
            command=image.command,
            environment={"PATH": "/usr/local/bin:/usr/bin:/usr/sbin"},
            user=image.user,
            workdir=image.workdir,
            ports=_ports(service),
            labels={_STAND_IN_LABEL: "false", _ORIGIN_LABEL: origin},
        )
        return origin, add_manifest(self._store, config, layers).digest

    def _stand_in(self, service: Service) -> str:
        health = service.health
        if health.scheme != "http":
            raise ConfigurationError(
                f"{service.image}: a stand-in can't answer {health.scheme} on port {health.port}",
                hint="declare an http health endpoint, or use '--images upstream'",
            )
        ports = {port.port for port in service.ports if port.protocol == "tcp"} | {health.port}
        config = ImageConfig(
            entrypoint=("/usr/bin/stand-in",),
            environment={
                "PATH": "/usr/bin",
                "IMAGE": service.image,
                "PORTS": " ".join(str(port) for port in sorted(ports)),
                "HEALTH_PORT": str(health.port),
                "HEALTH_PATH": health.path,
                "HEALTH_STATUS": str(health.status),
            },
            ports=_ports(service),
            labels={_STAND_IN_LABEL: "true", _ORIGIN_LABEL: "stand-in"},
        )
        return add_manifest(self._store, config, [self._bottom()]).digest

    def _bottom(self) -> Blob:
        if self._shell is None:
            self._shell = self._layers.shell(self._known.shell)
        return self._shell


def _key(known: ServiceDefinitions, service: Service, mode: ImageMode) -> str:
    packaged = known.image.get(service.image.rpartition(":")[0])
    parts: list[object] = [_FORMAT, mode, known.suite, known.shell, service.image]
    parts += [packaged.model_dump(mode="json") if packaged is not None else None]
    parts += [service.health.model_dump(mode="json"), _ports(service)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]


def _ports(service: Service) -> tuple[str, ...]:
    return tuple(f"{port.port}/{port.protocol}" for port in service.ports)


def _publish(state_dir: Path, images: tuple[ServiceImage, ...]) -> None:
    path = references_file(state_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    digests = {image.reference: image.digest for image in images}
    for target, data in (
        (path, digests),
        (path.with_name("images.json"), [asdict(image) for image in images]),
    ):
        replace_file(target, json.dumps(data, indent=1))

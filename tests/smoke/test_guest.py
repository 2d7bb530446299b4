"""What each container says about itself over ssh, compared with terraform/."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from homelab.model import Container
    from homelab.pytest_plugin.guest import GuestFacts


def _about(container: Container) -> str:
    return f"container {container.name} (service {container.service.image})"


def test_hostname(container: Container, guest: GuestFacts) -> None:
    assert guest.hostname == container.name, f"{_about(container)} calls itself {guest.hostname}"


def test_addresses(container: Container, guest: GuestFacts) -> None:
    seen = {link.name: link.addresses for link in guest.interfaces}

    for declared in container.networks:
        assert declared.ip in seen.get(declared.name, ()), (
            f"{_about(container)}: {declared.name} has {seen.get(declared.name)}, not {declared.ip}"
        )


def test_default_route(container: Container, guest: GuestFacts) -> None:
    declared = next((link.gateway for link in container.networks if link.gateway), None)

    assert guest.gateway == declared, (
        f"{_about(container)}: the default route goes to {guest.gateway}, not {declared}"
    )


def test_mount_points(container: Container, guest: GuestFacts) -> None:
    mounted = {mount.path: mount for mount in guest.mounts}

    for declared in container.mount_points:
        mount = mounted.get(declared.path)
        assert mount is not None, f"{_about(container)}: nothing is mounted at {declared.path}"
        assert not mount.read_only, f"{_about(container)}: {declared.path} is read-only"
        assert mount.free > 0, f"{_about(container)}: {declared.path} is full"


def test_no_failed_unit(container: Container, guest: GuestFacts) -> None:
    assert guest.systemd.failed == (), (
        f"{_about(container)}: failed units: {', '.join(guest.systemd.failed)}"
    )
    assert guest.systemd.state == "running", f"{_about(container)}: systemd is {guest.systemd.state}"


def test_docker_is_healthy(container: Container, guest: GuestFacts) -> None:
    assert guest.docker.error is None, (
        f"{_about(container)}: Docker does not answer: {guest.docker.error}"
    )
    assert guest.docker.containers, f"{_about(container)}: Docker runs no container"
    unwell = [
        f"{docker.name} ({docker.image}): {docker.status}"
        for docker in guest.docker.containers
        if not docker.healthy
    ]
    assert unwell == [], f"{_about(container)}: Docker containers are not healthy: {unwell}"


def test_declared_image_runs(container: Container, guest: GuestFacts) -> None:
    images = [docker.image for docker in guest.docker.containers]

    assert any(
        image == container.service.image or image.endswith(f"/{container.service.image}")
        for image in images
    ), f"{_about(container)} runs other images: {images}"

"""What each container says about itself over ssh, compared with terraform/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homelab.pytest_plugin import expect

if TYPE_CHECKING:
    from homelab.model import Container
    from homelab.pytest_plugin.guest import GuestFacts


def test_hostname(container: Container, guest: GuestFacts) -> None:
    expect(container, guest.hostname == container.name, f"it calls itself {guest.hostname}")


def test_addresses(container: Container, guest: GuestFacts) -> None:
    links = {link.name: link.addresses for link in guest.interfaces}

    for declared in container.networks:
        seen = links.get(declared.name, ())
        expect(
            container,
            declared.ip in seen,
            f"{declared.name} has {[str(address) for address in seen]}, not {declared.ip}",
        )


def test_default_route(container: Container, guest: GuestFacts) -> None:
    declared = next((link.gateway for link in container.networks if link.gateway), None)

    expect(
        container,
        guest.gateway == declared,
        f"its default route goes to {guest.gateway}, not {declared}",
    )


def test_mount_points(container: Container, guest: GuestFacts) -> None:
    mounts = {mount.path: mount for mount in guest.mounts}

    for declared in container.mount_points:
        mount = mounts.get(declared.path)
        expect(container, mount is not None, f"nothing is mounted at {declared.path}")
        if mount is not None:
            expect(container, not mount.read_only, f"{declared.path} is read-only")
            expect(container, mount.free > 0, f"{declared.path} is full")


def test_no_failed_unit(container: Container, guest: GuestFacts) -> None:
    expect(
        container,
        not guest.systemd.failed,
        f"units of systemd failed: {', '.join(guest.systemd.failed)}",
    )
    expect(container, guest.systemd.state == "running", f"systemd is {guest.systemd.state}")


def test_docker_is_healthy(container: Container, guest: GuestFacts) -> None:
    docker = guest.docker

    expect(container, docker.error is None, f"Docker does not answer: {docker.error}")
    expect(container, bool(docker.containers), "Docker has no container")
    for inner in docker.containers:
        expect(container, inner.healthy, f"Docker says of {inner.name}: {inner.status}")


def test_declared_image_runs(container: Container, guest: GuestFacts) -> None:
    declared = container.service.image
    seen = [inner.image for inner in guest.docker.containers]

    expect(
        container,
        any(image == declared or image.endswith(f"/{declared}") for image in seen),
        f"Docker runs {seen or 'nothing'}",
    )

"""A container's identity, volumes, features and tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from homelab.model.problems import Problem, Where
from homelab.model.validation.unique import Use, repeated
from homelab.pve.sizes import format_size, parse_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homelab.model.topology import Topology

_TAG = re.compile(r"[a-z0-9_][a-z0-9_+.-]*")
_MIB = 1 << 20


def identity(topology: Topology, _known: frozenset[str]) -> Iterator[Problem]:
    """A name and a vmid belong to one container."""
    yield from repeated(
        Use(
            path=("containers", index),
            value=container.name,
            owner=container.name,
            label=f"the name {container.name}",
        )
        for index, container in enumerate(topology)
    )
    yield from repeated(
        Use(
            path=("containers", index, "vmid"),
            value=container.vmid,
            owner=container.name,
            label=f"vmid {container.vmid}",
        )
        for index, container in enumerate(topology)
    )


def volumes(topology: Topology, _known: frozenset[str]) -> Iterator[Problem]:
    """Mount points have paths of their own, and sizes are as Proxmox VE prints them."""
    for index, container in enumerate(topology):
        where: Where = ("containers", index)
        yield from repeated(
            Use(
                path=(*where, "mount_points", number, "path"),
                value=mount.path,
                owner=container.name,
                label=f"mount point {mount.path}",
            )
            for number, mount in enumerate(container.mount_points)
        )
        yield from _size((*where, "rootfs", "size"), container.name, container.rootfs.size)
        for number, mount in enumerate(container.mount_points):
            yield from _size((*where, "mount_points", number, "size"), container.name, mount.size)


def features(topology: Topology, _known: frozenset[str]) -> Iterator[Problem]:
    """Docker needs nesting, and any other feature needs root@pam's own ticket."""
    for index, container in enumerate(topology):
        where: Where = ("containers", index, "features")
        if not container.features.nesting:
            yield Problem(
                path=(*where, "nesting"),
                message=f"{container.name}: Docker does not run without the feature nesting",
            )
        for name, value in (
            ("keyctl", container.features.keyctl),
            ("fuse", container.features.fuse),
        ):
            if value:
                yield Problem(
                    path=(*where, name),
                    message=f"{container.name}: the feature {name} needs root@pam's own ticket;"
                    " only nesting is used",
                )


def tags(topology: Topology, _known: frozenset[str]) -> Iterator[Problem]:
    """A tag is one that Proxmox VE keeps as it is."""
    for index, container in enumerate(topology):
        for tag in container.tags:
            if not _TAG.fullmatch(tag):
                yield Problem(
                    path=("containers", index, "tags"),
                    message=f"{container.name}: tag {tag!r} must consist of lower-case letters,"
                    " digits, '_', '-', '+' and '.'",
                )


def _size(path: Where, name: str, size: str) -> Iterator[Problem]:
    count = parse_size(size)
    if count == 0 or count % _MIB:
        yield Problem(path=path, message=f"{name}: size {size} is not a whole number of MiB")
    elif format_size(count) != size:
        yield Problem(
            path=path,
            message=f"{name}: write {format_size(count)} instead of {size}; Proxmox VE prints it so,"
            " and every plan would change it",
        )

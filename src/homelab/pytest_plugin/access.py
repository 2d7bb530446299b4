"""The way to a deployed target: its topology, its API, its network."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from homelab import netns, settings
from homelab.clients.proxmox import Proxmox
from homelab.errors import CapabilityError
from homelab.model import SshAccess, Topology
from homelab.operations.stages.check import load_topology
from homelab.operations.stages.configure import ssh_access
from homelab.operations.target.lab_options import belongs_to_root, lab_settings
from homelab.operations.target.target import Target, open_target
from homelab.options.lab import LabOptions
from homelab.settings import LabTarget, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A target that was found, and whose containers this process can reach."""

    project: Path
    target: Target
    topology: Topology
    netns: Path | None
    """The network namespace of its containers; None for this process's own network."""
    api_url: str
    """Where the API answers inside that network."""

    @property
    def ssh(self) -> SshAccess:
        """How Testinfra and Ansible log in to its containers."""
        return ssh_access(self.target)

    def proxmox(self) -> Proxmox:
        """A client of its API, for use inside its network."""
        return Proxmox.from_environment({**self.target.environment, "PM_API_URL": self.api_url})


def find(project: Path | None = None, target: str | None = None) -> Access:
    """The target of that name in `project` (default: around the working directory); starts nothing.

    Raises:
        ConfigurationError: no project, no such target, or something about it is not set.
        TopologyError: terraform/ declares no topology.
        PolicyViolationError: terraform/ contradicts itself.
        UnreachableError: the lab does not run.
        CapabilityError: its containers don't run, or this process may not enter their network.
    """
    known = settings.load(project)
    if _is_roots(known, target):
        raise _root_alone()
    opened = open_target(known, target, start=False)
    namespace = opened.network_namespace()
    url = opened.api_url
    if namespace is not None:
        if os.geteuid() != 0:
            raise _root_alone()
        with netns.inside(namespace):
            pass
        from homelab.lab import Lab

        url = Lab(state=opened.lab_state).info().inside_api_url or url
    topology = load_topology(known, opened.variables)
    return Access(
        project=known.project, target=opened, topology=topology, netns=namespace, api_url=url
    )


def is_roots(project: Path | None = None, target: str | None = None) -> bool:
    """Whether that target is a lab of root's, and this process is not root.

    Raises:
        ConfigurationError: no project, or no such target.
    """
    return _is_roots(settings.load(project), target)


def _is_roots(known: Settings, target: str | None) -> bool:
    _, section = known.target(target)
    return isinstance(section, LabTarget) and belongs_to_root(
        lab_settings(LabOptions(), section, known.environment)
    )


def _root_alone() -> CapabilityError:
    again = shlex.join([sys.executable, "-P", "-m", "pytest", *sys.argv[1:]])
    return CapabilityError(
        "the lab is root's, and its network can be entered by root alone",
        hint=f"run: sudo -E -H {again}",
    )

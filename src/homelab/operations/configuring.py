"""The configure stage: Ansible, one role after the other, on all containers at once."""

from __future__ import annotations

from homelab.model import SshAccess
from homelab.operations.planning import Planned
from homelab.operations.run import Run
from homelab.operations.targets import Target


def ssh_access(target: Target) -> SshAccess:
    """How Ansible and Testinfra log in to the target's containers."""
    return SshAccess(user=target.ssh_user, private_key=target.ssh_key)


def configure(run: Run, target: Target, planned: Planned) -> None:
    """Configure."""

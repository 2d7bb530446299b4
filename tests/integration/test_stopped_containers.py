"""A declared container that was stopped by hand is started by the next deploy."""

from __future__ import annotations

from typing import Any

from homelab.clients.proxmox import Proxmox
from homelab.lab import Lab


def test_deploy_starts_what_was_stopped(project: Any) -> None:
    memory = ("--runtime", "memory", "--plain")
    project.ok("deploy", *memory)
    proxmox = Proxmox.from_environment(Lab(state=project.state).env())
    proxmox.stop("pve", 203)

    said = project.ok("deploy", *memory)

    assert "started sonarr" in said
    assert proxmox.status("pve", 203).running
    assert "nothing to do" in project.ok("deploy", *memory)

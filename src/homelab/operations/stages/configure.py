"""The configure stage: Ansible's site.yml on all containers, each at its own pace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from homelab import netns
from homelab.clients.ansible.client import Ansible, PlayResult, TaskEvent, TaskState
from homelab.model import SshAccess, Topology
from homelab.model import inventory as inventory_of
from homelab.operations.run.events import Stage, State
from homelab.operations.run.recorder import Recorder
from homelab.operations.run.run import Run
from homelab.operations.stages.vault import Vault, given_vault, lab_vault
from homelab.operations.stages.wait_for_ssh import wait_for_ssh
from homelab.operations.target.target import Target
from homelab.settings import ProxmoxTarget

PLAYBOOK = "site.yml"
_NO_HOST_KEYS = (
    *("-o", "StrictHostKeyChecking=no"),
    *("-o", "UserKnownHostsFile=/dev/null"),
    *("-o", "LogLevel=ERROR"),
)


def ssh_access(target: Target) -> SshAccess:
    """How Ansible logs in; the lab's containers are new too often for their keys to be kept."""
    return SshAccess(
        user=target.ssh_user,
        private_key=target.ssh_key,
        arguments=_NO_HOST_KEYS if target.is_lab else (),
    )


def inventory_file(project: Path) -> Path:
    """The generated inventory, which ansible-inventory reads by hand too."""
    return project / "ansible" / "inventory" / "homelab.json"


def vault_for(run: Run, target: Target, topology: Topology) -> Vault | None:
    """The secrets that the services ask for; looked at before anything is changed.

    Raises:
        ConfigurationError: secrets are missing; all of them are named.
    """
    if target.is_lab:
        return None if target.lab_state is None else lab_vault(topology, target.lab_state)
    if not any(container.service.secrets for container in topology):
        return None
    _, section = run.settings.target(run.target)
    configured = section.vault_password_file if isinstance(section, ProxmoxTarget) else None
    password = run.settings.project / configured.expanduser() if configured else None
    path = run.settings.project / "ansible" / "group_vars" / run.target / "vault.yml"
    return given_vault(topology, path, password_file=password)


def configure(run: Run, target: Target, topology: Topology, vault: Vault | None) -> None:
    """Run the playbook for every container.

    Raises:
        PlayError: names each container that failed, with its task and what was said.
        ConfigurationError: the playbook could not be begun.
    """
    recorder = run.recorder

    def heard(event: TaskEvent) -> None:
        if event.state is TaskState.STARTED:
            recorder.item(Stage.CONFIGURE, event.host, State.RUNNING, event.task)
        elif event.state is TaskState.CHANGED:
            recorder.progress(Stage.CONFIGURE, f"{event.host}: {event.task}")

    with recorder.stage(Stage.CONFIGURE) as stage:
        inventory = inventory_of(topology, ssh=ssh_access(target))
        path = inventory_file(run.settings.project)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(inventory, indent=1) + "\n", encoding="utf-8")
        for container in topology:
            recorder.item(Stage.CONFIGURE, container.name, State.WAITING)
        recorder.progress(Stage.CONFIGURE, "waiting until every container answers ssh")
        namespace = target.network_namespace()
        addresses = {container.name: container.address for container in topology}
        waited = wait_for_ssh(addresses, namespace=namespace)
        recorder.progress(Stage.CONFIGURE, f"ssh answers everywhere after {waited:.1f} s")
        ansible = Ansible(
            directory=run.settings.project / "ansible",
            logs=run.build / "ansible",
            new_host_keys=target.is_lab,
        )
        with netns.inside(namespace):
            result = ansible.run(
                PLAYBOOK,
                path,
                variables=_variables(run, target, topology),
                variable_files=() if vault is None else (vault.path,),
                vault_password_file=None if vault is None else vault.password_file,
                on_event=heard,
            )
        _record(recorder, result)
        stage.detail = f"{len(result.hosts)} containers, {result.changed} tasks changed something"
        stage.state = State.UNCHANGED if result.changed == 0 else State.DONE
        result.raise_for_failures()


def _variables(run: Run, target: Target, topology: Topology) -> dict[str, Any]:
    """What the playbook is told of the target: where images come from, and which stand in."""
    if target.registry is None:
        return {}
    stand_ins = {image.image for image in run.images if image.is_stand_in}
    return {
        "homelab_image_prefix": f"{target.registry}/",
        # Images come from beside the container: what is not healthy by then never will be.
        "compose_stack_timeout": 90,
        "compose_stack_dependency_timeout": 120,
        "homelab_stand_ins": [
            container.name for container in topology if container.service.image in stand_ins
        ],
    }


def _record(recorder: Recorder, result: PlayResult) -> None:
    failures = {failure.host: failure for failure in result.failures}
    for host, summary in result.hosts.items():
        failure = failures.get(host)
        if failure is not None:
            text = f"{failure.task}: {failure.message}"
            recorder.item(Stage.CONFIGURE, host, State.FAILED, text)
        elif summary.changed:
            recorder.item(Stage.CONFIGURE, host, State.DONE, f"{summary.changed} changed")
        else:
            recorder.item(Stage.CONFIGURE, host, State.UNCHANGED)

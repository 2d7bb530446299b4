"""Real Ansible: how a run is told and ended, and the roles on containers of a lab."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from homelab.clients.ansible.client import Ansible, TaskState
from homelab.clients.ansible.vault import encrypt
from homelab.errors import ConfigurationError

LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
HOSTS = {"all": {"vars": LOCAL, "hosts": {"one": {}, "two": {}}}}


@pytest.fixture
def ansible(tmp_path):
    """An ansible/ directory without roles, for containers that are this machine."""
    directory = tmp_path / "ansible"
    (directory / "playbooks").mkdir(parents=True)
    (directory / "ansible.cfg").write_text("[defaults]\nstrategy = free\n")
    return Ansible(directory=directory, logs=tmp_path / "logs", fast=False)


def playbook(ansible, *tasks, hosts="all"):
    play = {"name": "Play", "hosts": hosts, "gather_facts": False, "tasks": list(tasks)}
    (ansible.directory / "playbooks" / "site.yml").write_text(yaml.safe_dump([play]))


def test_events_and_the_result(ansible):
    playbook(
        ansible,
        {"name": "Says", "ansible.builtin.debug": {"msg": "{{ word }}"}},
        {
            "name": "Changes",
            "ansible.builtin.command": "true",
            "when": "inventory_hostname == 'one'",
        },
    )
    events = []
    result = ansible.run("site.yml", HOSTS, variables={"word": "hello"}, on_event=events.append)
    assert {(e.host, e.task, e.state) for e in events if e.state is not TaskState.STARTED} == {
        ("one", "Says", TaskState.OK),
        ("two", "Says", TaskState.OK),
        ("one", "Changes", TaskState.CHANGED),
        ("two", "Changes", TaskState.SKIPPED),
    }
    assert (result.changed, result.failures) == (1, ())
    assert sorted(result.hosts) == ["one", "two"]
    assert "hello" in result.log.read_text()
    assert "\x1b" not in result.log.read_text()
    result.raise_for_failures()


def test_a_host_that_fails_is_named_with_its_task_and_what_it_said(ansible):
    playbook(
        ansible,
        {
            "name": "Breaks",
            "ansible.builtin.fail": {"msg": "the disk is full"},
            "when": "inventory_hostname == 'two'",
        },
    )
    result = ansible.run("site.yml", HOSTS)
    [failure] = result.failures
    assert str(failure).startswith("two: Breaks: ")
    assert "the disk is full" in failure.message
    assert not result.hosts["one"].is_failed


def test_a_failure_that_was_rescued_is_none(ansible):
    playbook(
        ansible,
        {
            "name": "Tries",
            "block": [{"name": "Breaks", "ansible.builtin.fail": {"msg": "no"}}],
            "rescue": [{"name": "Mends", "ansible.builtin.debug": {"msg": "yes"}}],
        },
    )
    result = ansible.run("site.yml", HOSTS)
    assert result.failures == ()
    assert {summary.rescued for summary in result.hosts.values()} == {1}


def test_the_limit_and_check_mode_are_passed_on(ansible, tmp_path):
    path = tmp_path / "written"
    playbook(
        ansible, {"name": "Writes", "ansible.builtin.copy": {"dest": str(path), "content": "x"}}
    )
    result = ansible.run("site.yml", HOSTS, limit=["two"], check=True)
    assert list(result.hosts) == ["two"]
    assert result.changed == 1
    assert not path.exists()


def test_what_could_not_be_begun_is_one_clear_error(ansible, tmp_path):
    playbook(ansible, {"name": "X", "no_such_module_at_all": {}})
    with pytest.raises(ConfigurationError, match=r"could not run site\.yml") as caught:
        ansible.run("site.yml", HOSTS)
    assert "no_such_module_at_all" in caught.value.message
    playbook(ansible, {"name": "X", "ansible.builtin.debug": {}}, hosts="nobody")
    with pytest.raises(ConfigurationError, match=r"could not run site\.yml"):
        ansible.run("site.yml", HOSTS)
    vault, password = tmp_path / "vault.yml", tmp_path / "password"
    vault.write_text(encrypt("a: b\n", "right"))
    password.write_text("wrong")
    playbook(ansible, {"name": "X", "ansible.builtin.debug": {}})
    with pytest.raises(ConfigurationError, match="Decryption failed"):
        ansible.run("site.yml", HOSTS, variable_files=[vault], vault_password_file=password)


SLEEPER = """
import json, sys
from pathlib import Path
from homelab.clients.ansible.client import Ansible
directory = Path(sys.argv[1])
ansible = Ansible(directory=directory, logs=directory / "logs", fast=False)
try:
    ansible.run("site.yml", json.loads(sys.argv[2]), on_event=lambda event: print("begun", flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_an_interrupt_ends_everything(ansible):
    # A module that runs on the target outlives Ansible, so this one ends by itself soon after.
    playbook(ansible, {"name": "Sleeps", "ansible.builtin.command": "sleep 40"})
    with subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(ansible.directory), json.dumps(HOSTS)],
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout.readline() == "begun\n"
        time.sleep(1)
        child.send_signal(signal.SIGINT)
        rest = child.communicate(timeout=30)[0]
    assert rest.splitlines()[-1] == "interrupted"
    assert not processes_about(str(ansible.directory))


def processes_about(text):
    """The command lines of processes that speak of `text`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_text(errors="replace")
        except OSError:
            continue
        if text in words and path.parent.name != str(os.getpid()):
            found.append(words.replace("\0", " "))
    return found


KEPT = {"vpn-gateway", "qbittorrent", "prowlarr", "sonarr", "ntfy", "vikunja"}


def keep(project, names):
    """Leave only the containers of these names in the project's topology."""
    for path in sorted(project.file("terraform/containers").glob("*.tf")):
        entries = re.compile(r"^    ([a-z0-9-]+) = \{\n.*?^    \}\n", re.MULTILINE | re.DOTALL)
        text = path.read_text()
        if path.name not in {"networks.tf", "outputs.tf"}:
            path.write_text(entries.sub(lambda m: m[0] if m[1] in names else "", text))


def deployed(project):
    """The configure stage of a deploy: container -> its state and words."""
    project.ok("deploy")
    report = json.loads(project.file("build/deploy.json").read_text())
    return {item["item"]: item["state"] for item in report["items"] if item["stage"] == "configure"}


@pytest.mark.usefixtures("able")
def test_the_roles_on_real_containers(project):
    keep(project, KEPT)
    assert deployed(project) == dict.fromkeys(KEPT, "done")
    secrets = project.state / "secrets" / "vault.yml"
    assert secrets.stat().st_mode & 0o777 == 0o600

    # Nothing to do the second time.
    assert deployed(project) == dict.fromkeys(KEPT, "unchanged")

    # sonarr reaches the vpn network by way of the gateway, and the vpn network nothing else.
    ssh = ("lab", "exec", "--", "ssh")
    project.ok(*ssh, "sonarr", "curl -fsS -m 5 http://10.20.0.27:8080/")
    project.ok(*ssh, "qbittorrent", "curl -fsS -m 5 http://10.10.0.23:8989/ping")
    rules = project.ok(*ssh, "vpn-gateway", "iptables -S DOCKER-USER")
    assert rules.strip().splitlines()[-2:] == [
        "-A DOCKER-USER -i eth1 -o eth0 -j DROP",
        "-A DOCKER-USER -j RETURN",
    ]

    # What was stopped, removed or edited comes back; the others are left alone.
    project.ok(*ssh, "sonarr", "docker stop -t 1 sonarr")
    project.ok(*ssh, "ntfy", "docker rm -f ntfy")
    project.ok(*ssh, "vikunja", "echo '# by hand' >> /opt/stacks/vikunja/compose.yaml")
    assert deployed(project) == {
        **dict.fromkeys(KEPT, "unchanged"),
        "sonarr": "done",
        "ntfy": "done",
        "vikunja": "done",
    }
    log = project.file("build/ansible/site.log").read_text()
    assert not [name for name in secrets_in(secrets) if name in log]
    assert not processes_about(str(project.directory / "ansible"))


def secrets_in(vault):
    from homelab.operations.stages.vault import read

    password = vault.with_name("password").read_text().strip()
    return [value for values in read(vault, password).values() for value in values.values()]

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from homelab.model import SshAccess, inventory

ROOT = Path(__file__).parents[3]
ANSIBLE = ROOT / "ansible"
PLAYBOOKS = sorted((ANSIBLE / "playbooks").glob("*.yml"))


def test_there_is_a_playbook_for_each_category(topology):
    names = {path.stem for path in PLAYBOOKS}
    assert names >= {"site", "update-container", *topology.categories}


def test_every_playbook_is_understood(topology, tmp_path):
    hosts = tmp_path / "hosts.json"
    hosts.write_text(json.dumps(inventory(topology, ssh=SshAccess())))
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            *("--syntax-check", "-i", hosts, "-e", "container=plex"),
            *PLAYBOOKS,
        ],
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg"),
            "ANSIBLE_HOME": str(tmp_path / "home"),
            "ANSIBLE_NOCOLOR": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr, done.stderr


@pytest.mark.parametrize("path", sorted(ANSIBLE.rglob("*.yml")), ids=lambda path: path.name)
def test_every_task_is_named(path):
    for document in yaml.safe_load_all(path.read_text()):
        for item in document if isinstance(document, list) else []:
            assert item.get("name"), f"{path}: {item}"


def baked_files():
    for definition in sorted((ROOT / "images").glob("*.toml")):
        for item in tomllib.loads(definition.read_text()).get("file", []):
            yield definition.name, item["path"], item["content"]


def written_files():
    """What the roles write on every host of the lab, by path."""
    base = ANSIBLE / "roles" / "base" / "files"
    docker = yaml.safe_load((ANSIBLE / "roles" / "docker" / "defaults" / "main.yml").read_text())
    daemon = {**docker["docker_daemon"], "insecure-registries": ["10.10.0.1:5000"]}
    return {
        "etc/docker/daemon.json": json.dumps(daemon, indent=2, sort_keys=True) + "\n",
        "etc/ssh/sshd_config.d/20-homelab.conf": (base / "sshd.conf").read_text(),
        "etc/systemd/journald.conf.d/20-homelab.conf": (base / "journald.conf").read_text(),
    }


def test_the_lab_s_templates_hold_what_the_roles_would_write():
    written = written_files()
    baked = {path: text for _, path, text in baked_files() if path in written}
    assert baked
    for path, text in baked.items():
        assert text == written[path], f"{path}: a first run would change it and restart a program"

"""The strategy that a deploy runs with, loaded as ansible-playbook loads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from homelab.clients.ansible.client import Ansible

ROOT = Path(__file__).parents[5]

# In a process of its own: Ansible's loaders stay in the one that called them.
ASK = """
import json
from ansible.plugins.loader import init_plugin_loader, strategy_loader
init_plugin_loader()
import ansible.collections.list as listing
import ansible_mitogen.strategy as mitogen
said = {"listed": [path.decode() for path in listing.list_collection_dirs()]}
Strategy = strategy_loader.get("homelab_free", class_only=True)
def run(self, iterator, play_context, result=0):
    said["during"] = [[path.decode() for path in listing.list_collection_dirs()] for _ in "ab"]
    raise KeyboardInterrupt
mitogen.StrategyMixin.run = run
before = listing.list_collection_dirs
try:
    Strategy.run(object.__new__(Strategy), None, None)
except KeyboardInterrupt:
    said["restored"] = listing.list_collection_dirs is before
said["bases"] = [base.__module__ for base in Strategy.__mro__]
print(json.dumps(said))
"""


@pytest.fixture
def ansible(tmp_path):
    return Ansible(directory=ROOT / "ansible", logs=tmp_path)


def test_workers_are_told_of_every_collection_without_looking(ansible, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env={**os.environ, **ansible.variables(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    first, second = said["during"]
    assert first == second
    assert set(said["listed"]) <= set(first)
    assert len(first) == len(set(first))
    ends = [path.split("ansible_collections/")[1] for path in first]
    assert {"homelab/containers", "community/docker"} <= set(ends)
    assert said["restored"]
    assert {"ansible_mitogen.strategy", "ansible.plugins.strategy.free"} <= set(said["bases"])


def test_without_mitogen_it_is_ansible_s_own(tmp_path):
    slow = Ansible(directory=ROOT / "ansible", logs=tmp_path, fast=False)
    assert not [name for name in slow.variables(tmp_path) if "STRATEGY" in name]

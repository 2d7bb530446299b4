"""Loads the plugins of our collection as modules, and what the templates are rendered with."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from homelab.model import SshAccess, Topology, inventory

ROOT = Path(__file__).parents[3]


PLUGINS = ROOT / "ansible" / "collections/ansible_collections/homelab/containers/plugins"


def _plugin(kind, name):
    path = PLUGINS / kind / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"homelab_plugins_{kind}_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def host_files():
    return _plugin("modules", "host_files")


@pytest.fixture(scope="session")
def stack_state():
    return _plugin("modules", "stack_state")


@pytest.fixture(scope="session")
def health_gate():
    return _plugin("modules", "health_gate")


@pytest.fixture(scope="session")
def stack():
    return _plugin("action", "stack")


@pytest.fixture(scope="session")
def topology():
    return Topology.load(ROOT / "terraform")


@pytest.fixture(scope="session")
def hosts(topology):
    """The inventory's hosts with their variables."""
    return inventory(topology, ssh=SshAccess())["all"]["hosts"]

"""What the files under terraform/ must say, read without Terraform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pygohcl
import pytest

from homelab.model.hcl.entries import ContainerEntry
from homelab.model.values import PublishedPort, Service

TERRAFORM = Path(__file__).parents[3] / "terraform"
FILES = sorted(TERRAFORM.rglob("*.tf"))
MODULES = sorted({str(path.parent.relative_to(TERRAFORM)) for path in FILES})
PROVIDER = {"source": "telmate/proxmox", "version": "3.0.2-rc07"}


def read(file: str) -> dict[str, Any]:
    values: dict[str, Any] = pygohcl.loads((TERRAFORM / file).read_text())
    return values


def blocks(module: str, kind: str) -> dict[str, Any]:
    """Every block of a kind in a module's files, by its first label."""
    found: dict[str, Any] = {}
    for path in sorted((TERRAFORM / module).glob("*.tf")):
        found.update(read(str(path.relative_to(TERRAFORM))).get(kind, {}))
    return found


def test_the_modules_are_found() -> None:
    assert MODULES == [".", "containers", "modules/firewall-rules", "modules/lxc-container"]


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(TERRAFORM)) for path in FILES])
def test_no_file_holds_a_credential(path: Path) -> None:
    text = path.read_text()
    for word in ("pm_password", "pm_user", "pm_api_token", "pm_otp", "BEGIN OPENSSH"):
        assert word not in text


def test_versions_are_pinned() -> None:
    terraform = read("versions.tf")["terraform"]
    assert terraform["required_version"] == ">= 1.6.0"
    assert terraform["required_providers"]["proxmox"] == PROVIDER


@pytest.mark.parametrize("module", MODULES)
def test_each_module_says_in_versions_tf_what_it_needs(module: str) -> None:
    path = TERRAFORM / module / "versions.tf"
    assert path.is_file(), f"{module} has no versions.tf"
    terraform = read(str(path.relative_to(TERRAFORM)))["terraform"]
    assert terraform["required_version"] == ">= 1.6.0"
    resources = {kind.partition("_")[0] for kind in blocks(module, "resource")}
    assert terraform.get("required_providers", {}) == dict.fromkeys(resources, PROVIDER)
    for other in path.parent.glob("*.tf"):
        assert other == path or "terraform" not in read(str(other.relative_to(TERRAFORM))), other


def test_containers_are_made_28_at_a_time() -> None:
    assert read("providers.tf")["provider"]["proxmox"]["pm_parallel"] == 28


def test_a_new_key_or_template_replaces_nothing() -> None:
    lifecycle = read("modules/lxc-container/main.tf")["resource"]["proxmox_lxc"]["this"][
        "lifecycle"
    ]
    assert lifecycle["ignore_changes"] == "[ssh_public_keys, password, ostemplate]" or set(
        lifecycle["ignore_changes"]
    ) == {"ssh_public_keys", "password", "ostemplate"}


@pytest.mark.parametrize("module", MODULES)
def test_every_variable_is_typed_and_described(module: str) -> None:
    variables = blocks(module, "variable")
    assert variables or module == "containers"
    for name, variable in variables.items():
        assert variable.get("type"), name
        assert variable.get("description"), name


@pytest.mark.parametrize("module", MODULES)
def test_every_output_is_described(module: str) -> None:
    outputs = blocks(module, "output")
    assert outputs
    for name, output in outputs.items():
        assert output.get("description"), name


def test_the_root_variables_are_validated() -> None:
    for name, variable in read("variables.tf")["variable"].items():
        assert "validation" in variable or variable["type"] == "bool", name


def test_known_attributes_are_those_of_the_types() -> None:
    local = read("containers/outputs.tf")["locals"]
    assert set(local["known"]) == {*ContainerEntry.model_fields, "category"}
    assert set(local["known_service"]) == set(Service.model_fields)


def test_the_module_declares_every_attribute() -> None:
    declared = read("modules/lxc-container/variables.tf")["variable"]["container"]["type"]
    for field in (*ContainerEntry.model_fields, *Service.model_fields, *PublishedPort.model_fields):
        assert f"{field} " in declared or f"{field}=" in declared, field


def test_each_attribute_of_an_entry_says_what_it_is() -> None:
    """The module's README shows the type as it is written, with its comments."""
    text = (TERRAFORM / "modules/lxc-container/variables.tf").read_text()
    written = text.partition("  type = object({\n")[2].partition("\n  })\n")[0]
    plain = [line for line in written.splitlines() if " = " in line and not line.endswith("({")]
    assert len(plain) > len(ContainerEntry.model_fields)
    for line in plain:
        assert " # " in line, line.strip()

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


def read(file: str) -> dict[str, Any]:
    values: dict[str, Any] = pygohcl.loads((TERRAFORM / file).read_text())
    return values


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(TERRAFORM)) for path in FILES])
def test_no_file_holds_a_credential(path: Path) -> None:
    text = path.read_text()
    for word in ("pm_password", "pm_user", "pm_api_token", "pm_otp", "BEGIN OPENSSH"):
        assert word not in text


def test_versions_are_pinned() -> None:
    terraform = read("providers.tf")["terraform"]
    assert terraform["required_version"] == ">= 1.6.0"
    assert terraform["required_providers"]["proxmox"] == {
        "source": "telmate/proxmox",
        "version": "3.0.2-rc07",
    }


def test_containers_are_made_28_at_a_time() -> None:
    assert read("providers.tf")["provider"]["proxmox"]["pm_parallel"] == 28


def test_a_new_key_or_template_replaces_nothing() -> None:
    lifecycle = read("modules/lxc-container/main.tf")["resource"]["proxmox_lxc"]["this"][
        "lifecycle"
    ]
    assert lifecycle["ignore_changes"] == "[ssh_public_keys, password, ostemplate]" or set(
        lifecycle["ignore_changes"]
    ) == {"ssh_public_keys", "password", "ostemplate"}


@pytest.mark.parametrize("file", ["variables.tf", "modules/lxc-container/variables.tf"])
def test_every_variable_is_typed_and_described(file: str) -> None:
    for name, variable in read(file)["variable"].items():
        assert variable.get("type"), name
        assert variable.get("description"), name


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

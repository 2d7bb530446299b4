"""What stops a plan before the policy could judge it is told in the policy's terms as well."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from homelab.errors import ConfigurationError, TopologyError
from homelab.operations.stages.check import in_terms_of_policy, load_topology
from homelab.operations.stages.present_on_node import MissingOnNodeError
from homelab.policy import PolicyViolationError
from homelab.settings import Environment, Settings, load

ROOT = Path(__file__).parents[4]
_MEDIA = "containers/media-stack.tf"
_FIREWALL = "modules/firewall-rules/variables.tf"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    left_out = shutil.ignore_patterns(".terraform*", "terraform.tfstate*")
    shutil.copytree(ROOT / "terraform", tmp_path / "terraform", ignore=left_out)
    shutil.copy(ROOT / "homelab.toml", tmp_path)
    return load(tmp_path, environment=Environment.read({}))


def _edit(settings: Settings, file: str, old: str, new: str) -> None:
    path = settings.project / "terraform" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_contradiction_that_is_a_warning_keeps_its_error_and_names_the_rule(
    settings: Settings,
) -> None:
    _edit(settings, _MEDIA, '["streaming"]', '["Streaming"]')

    with pytest.raises(TopologyError) as raised, in_terms_of_policy(settings):
        load_topology(settings.project / "terraform", {})

    said = str(raised.value)
    assert said.startswith("1 problem in the topology:")
    assert "HL507 tags" in said
    assert f"terraform/{_MEDIA}:13: plex: Proxmox VE would rewrite the tag 'Streaming'" in said
    assert "fix: Use lower-case letters" in said


def test_contradiction_that_is_a_violation_is_one(settings: Settings) -> None:
    _edit(settings, _MEDIA, "vmid         = 202", "vmid         = 201")

    with pytest.raises(PolicyViolationError, match="HL101"), in_terms_of_policy(settings):
        load_topology(settings.project / "terraform", {})


def test_what_terraform_refuses_names_the_rule(settings: Settings) -> None:
    _edit(settings, _FIREWALL, 'default     = "DROP"', 'default     = "ACCEPT"')

    with pytest.raises(ConfigurationError) as raised, in_terms_of_policy(settings):
        raise ConfigurationError("the Terraform configuration is not valid", hint="mend it")

    lines = str(raised.value).splitlines()
    assert lines[0] == "the Terraform configuration is not valid"
    assert "HL205 default-deny" in lines[2]
    assert lines[-1] == "  what to do: mend it"


def test_what_the_node_lacks_names_the_rule(settings: Settings) -> None:
    latest = 'vmid         = 202\n      template = "local:vztmpl/debian-latest.tar.zst"'
    _edit(settings, _MEDIA, "vmid         = 202", latest)

    with pytest.raises(MissingOnNodeError, match="HL215"), in_terms_of_policy(settings):
        raise MissingOnNodeError(["template 'local:vztmpl/debian-latest.tar.zst'"])


def test_an_error_about_files_that_keep_the_rules_stays_as_it_is(settings: Settings) -> None:
    with pytest.raises(ConfigurationError) as raised, in_terms_of_policy(settings):
        raise ConfigurationError("something else")

    assert str(raised.value) == "something else"

"""What stops a plan before the policy could judge it is told in the policy's terms as well."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from homelab.errors import ConfigurationError, TopologyError
from homelab.model import Topology, document_of, topology_from_document
from homelab.operations.review.judge import require_coherent
from homelab.operations.stages.check import in_terms_of_policy, load_topology, read_tree
from homelab.operations.stages.present_on_node import MissingOnNodeError
from homelab.policy import PolicyViolationError, evaluate
from homelab.policy.configuration import capacity_of
from homelab.policy.synthetic_plan import sketch_plan
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


def _topology(settings: Settings) -> Topology:
    tree = read_tree(settings)
    with in_terms_of_policy(settings, tree):
        return load_topology(settings, {}, tree=tree)


def test_a_value_that_is_none_names_the_rules_that_fail_as_well(settings: Settings) -> None:
    _edit(settings, _MEDIA, "plex:1.41.6", "plex:latest")

    with pytest.raises(TopologyError) as raised:
        _topology(settings)

    said = str(raised.value)
    assert said.startswith("1 problem in the topology:")
    assert "HL214 image-pinned" in said
    assert f"terraform/{_MEDIA}:15: plex: image 'lscr.io/linuxserver/plex:latest'" in said
    assert "fix: Write the version as the tag" in said


def test_contradiction_is_a_violation_with_line_and_fix(settings: Settings) -> None:
    _edit(settings, _MEDIA, '["streaming"]', '["Streaming"]')

    with pytest.raises(PolicyViolationError) as raised:
        _topology(settings)

    said = str(raised.value)
    assert "HL507 tags: plex: Proxmox VE would rewrite the tag 'Streaming'" in said
    assert f"terraform/{_MEDIA}:13: " in said
    assert "fix: Use lower-case letters" in said


def test_contradiction_that_is_a_violation_is_one(settings: Settings) -> None:
    _edit(settings, _MEDIA, "vmid         = 202", "vmid         = 201")

    with pytest.raises(PolicyViolationError, match="HL101"):
        _topology(settings)


def test_what_is_no_contradiction_is_the_review_s(settings: Settings) -> None:
    _edit(settings, _MEDIA, "cores        = 4", "cores        = 17")
    _edit(settings, _MEDIA, "jellyfin/jellyfin:10.10.7", "jellyfin/jellyfin:stable")

    assert len(_topology(settings)) == 28


_WAIVER = """
[[policy.waivers]]
rule = "HL507"
item = "plex"
reason = "it is renamed on all of them at once"
expires = {expires}
"""


def test_contradiction_that_is_waived_passes_until_its_day(settings: Settings) -> None:
    _edit(settings, _MEDIA, '["streaming"]', '["Streaming"]')
    file = settings.project / "homelab.toml"
    text = file.read_text()

    file.write_text(text + _WAIVER.format(expires="2999-01-31"))
    waived = load(settings.project, environment=Environment.read({}))
    assert "Streaming" in _topology(waived).container("plex").tags

    file.write_text(text + _WAIVER.format(expires="2020-01-31"))
    expired = load(settings.project, environment=Environment.read({}))
    with pytest.raises(PolicyViolationError) as raised:
        _topology(expired)
    assert [finding.rule.id for finding in raised.value.report.violations] == ["HL507"]


def test_an_expired_waiver_of_what_is_right_is_the_review_s(settings: Settings) -> None:
    file = settings.project / "homelab.toml"
    file.write_text(file.read_text() + _WAIVER.format(expires="2020-01-31"))

    assert len(_topology(load(settings.project, environment=Environment.read({})))) == 28


def test_a_topology_from_elsewhere_is_judged_as_well(settings: Settings) -> None:
    document = document_of(_topology(settings))
    document["containers"]["plex"]["vmid"] = 202

    with pytest.raises(PolicyViolationError, match="HL101 vmid-unique: plex: vmid 202 is also"):
        require_coherent(settings, topology_from_document(document))


def test_the_tree_is_read_once(settings: Settings) -> None:
    _edit(settings, _MEDIA, "cores        = 4", "cores        = 17")
    tree = read_tree(settings)
    shutil.rmtree(settings.project / "terraform")

    topology = load_topology(settings, {}, tree=tree)
    report = evaluate(sketch_plan(topology), tree=tree, capacity=capacity_of(settings.policy))

    assert [str(finding.place) for finding in report.violations] == [f"terraform/{_MEDIA}:7"]


def test_what_terraform_refuses_names_the_rule(settings: Settings) -> None:
    _edit(settings, _FIREWALL, 'default     = "DROP"', 'default     = "ACCEPT"')

    with pytest.raises(ConfigurationError) as raised, in_terms_of_policy(settings, None):
        raise ConfigurationError("the Terraform configuration is not valid", hint="mend it")

    lines = str(raised.value).splitlines()
    assert lines[0] == "the Terraform configuration is not valid"
    assert "HL205 default-deny" in lines[2]
    assert lines[-1] == "  what to do: mend it"


def test_what_the_node_lacks_names_the_rule(settings: Settings) -> None:
    latest = 'vmid         = 202\n      template = "local:vztmpl/debian-latest.tar.zst"'
    _edit(settings, _MEDIA, "vmid         = 202", latest)

    with pytest.raises(MissingOnNodeError, match="HL215"), in_terms_of_policy(settings, None):
        raise MissingOnNodeError(["template 'local:vztmpl/debian-latest.tar.zst'"])


def test_an_error_about_files_that_keep_the_rules_stays_as_it_is(settings: Settings) -> None:
    with pytest.raises(ConfigurationError) as raised, in_terms_of_policy(settings, None):
        raise ConfigurationError("something else")

    assert str(raised.value) == "something else"

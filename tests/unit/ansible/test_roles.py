"""What each role says of itself, and that Ansible holds a deploy to it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from homelab.model.values import Health, PublishedPort, Service

ROOT = Path(__file__).parents[3]
ANSIBLE = ROOT / "ansible"
ROLES = sorted(path for path in (ANSIBLE / "roles").iterdir() if path.is_dir())
NAMES = [path.name for path in ROLES]
GROUP = yaml.safe_load((ANSIBLE / "group_vars" / "all" / "main.yml").read_text())


def read(path):
    return yaml.safe_load(path.read_text()) if path.is_file() else None


def options(role):
    """The options that a role takes, as its argument_specs describe them."""
    specs = read(role / "meta" / "argument_specs.yml")
    assert specs, f"role {role.name} has no meta/argument_specs.yml"
    return specs["argument_specs"]["main"]["options"]


def described(found):
    """Options with those inside them."""
    for name, option in found.items():
        yield name, option
        yield from described(option.get("options", {}))


def test_the_roles_are_found():
    assert NAMES == ["base", "compose_stack", "docker", "vpn_gateway"]


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_its_meta_says_what_it_is_and_needs(role):
    meta = read(role / "meta" / "main.yml")
    assert meta, f"role {role.name} has no meta/main.yml"
    assert meta["dependencies"] == []
    about = meta["galaxy_info"]
    assert about["author"]
    assert about["description"]
    assert about["license"] == "MIT"
    assert about["min_ansible_version"] == "2.19"
    assert about["platforms"] == [{"name": "Debian", "versions": ["trixie"]}]


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_every_option_is_typed_and_described(role):
    found = options(role)
    assert read(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["short_description"]
    for name, option in described(found):
        assert option.get("type"), name
        assert option.get("description"), name
        assert option["type"] != "list" or option.get("elements"), name
        assert not (option.get("required") and "default" in option), name


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_the_options_are_what_the_role_reads(role):
    """Its own defaults, and every variable that its files name and it does not set itself."""
    found = options(role)
    defaults = read(role / "defaults" / "main.yml") or {}
    assert defaults.keys() <= found.keys()
    text = "".join(path.read_text() for path in sorted(role.glob("[dht]*/*")))
    registered = set(re.findall(r"register: (\w+)", text))
    named = set(re.findall(rf"(?<![\w/.-])(?:homelab|{role.name})_\w+", text))
    assert named - registered <= found.keys()
    if role.name != "compose_stack":  # whose action plugin and templates read more
        assert found.keys() <= named | defaults.keys()


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_a_default_is_the_one_that_holds(role):
    values = {**GROUP, **(read(role / "defaults" / "main.yml") or {})}
    for name, option in options(role).items():
        if name not in values:
            assert "default" not in option, name
        elif "{{" not in str(values[name]):
            assert option.get("default") == values[name], name


def test_the_service_is_described_as_it_is_declared():
    service = options(ANSIBLE / "roles" / "compose_stack")["homelab_service"]["options"]
    assert service.keys() == Service.model_fields.keys()
    assert service["ports"]["options"].keys() == PublishedPort.model_fields.keys()
    assert service["health"]["options"].keys() == Health.model_fields.keys()


def complaints(role, values):
    """What Ansible would say before the role's first task."""
    found = options(role)
    given = {name: values[name] for name in found if name in values}
    return ArgumentSpecValidator(found).validate(given).error_messages


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_what_the_inventory_gives_is_taken(role, hosts):
    for name, values in hosts.items():
        assert complaints(role, {**values, "homelab_is_stand_in": True}) == [], name


@pytest.mark.parametrize(
    ("role", "change", "said"),
    [
        ("base", {"homelab_routes": [{"to": "10.20.0.0/24"}]}, "via"),
        ("base", {"homelab_routes": None}, "homelab_routes"),
        ("docker", {"docker_daemon": "json"}, "docker_daemon"),
        ("vpn_gateway", {"homelab_networks": "eth0"}, "homelab_networks"),
        ("compose_stack", {"compose_stack_pull": "sometimes"}, "missing"),
        ("compose_stack", {"compose_stack_timeout": "soon"}, "compose_stack_timeout"),
        ("compose_stack", {"homelab_service": {"image": "a:1"}}, "ports"),
    ],
)
def test_what_does_not_fit_is_refused(role, change, said, hosts):
    values = {**hosts["sonarr"], **change}
    [message, *_] = complaints(ANSIBLE / "roles" / role, values)
    assert said in message


UNFIT = {
    "base": {"homelab_routes": "10.20.0.0/24"},
    "compose_stack": {"compose_stack_timeout": "soon"},
    "docker": {"docker_packages": {"docker.io": True}},
    "vpn_gateway": {"vpn_gateway_local_networks": {"lan": True}},
}


def test_ansible_refuses_before_a_role_s_first_task(hosts, tmp_path):
    """In check mode, so that a role that was let through would change nothing here."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    group = {"homelab_configs": "/configs", "homelab_image_prefix": ""}
    given = {name: {**hosts["sonarr"], **local, **group, **UNFIT[name]} for name in NAMES}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": given}}))
    include = {
        "name": "A role",
        "ansible.builtin.include_role": {"name": "{{ inventory_hostname }}"},
    }
    play = {"name": "Play", "hosts": "all", "gather_facts": False, "tasks": [include]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            *("--check", "-i", tmp_path / "hosts.json", tmp_path / "play.yml"),
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
    assert done.returncode == 2, done.stdout + done.stderr
    for name in NAMES:
        [option] = UNFIT[name]
        summary = re.search(
            rf"^{name} +: ok=(\d+) +changed=0 .* failed=1 ", done.stdout, re.MULTILINE
        )
        assert summary, done.stdout
        assert re.search(rf"(option|argument) '{option}' ", done.stdout), done.stdout
    assert done.stdout.count("ERROR]: Task failed: Action failed: Validation of arg") == len(NAMES)


def test_no_playbook_goes_round_that():
    for path in (*ANSIBLE.glob("playbooks/*.yml"), *ANSIBLE.glob("roles/*/tasks/*.yml")):
        assert "rolespec_validate" not in path.read_text(), path

"""Every module is called by its full name, and ours are a documented collection."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.playbook.block import Block
from ansible.playbook.task import Task

ANSIBLE = Path(__file__).parents[3] / "ansible"
COLLECTION = ANSIBLE / "collections" / "ansible_collections" / "homelab" / "containers"
PLUGINS = COLLECTION / "plugins"
FILES = sorted(
    path
    for place in ("playbooks/*.yml", "roles/*/tasks/*.yml", "roles/*/handlers/*.yml")
    for path in ANSIBLE.glob(place)
)
KEYWORDS = {*Task.fattributes, *Block.fattributes, "action", "local_action"}
FULL = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+){2,}")


def actions(items):
    """What each task calls, also those inside of plays and blocks."""
    for item in items:
        inner = [key for key in (*PLAY, *BLOCK) if key in item]
        for key in inner:
            yield from actions(item[key])
        if "hosts" not in item and not any(key in item for key in BLOCK):
            yield from (key for key in item if key not in KEYWORDS)
            yield from (item[key] for key in ("action", "local_action") if key in item)


PLAY = ("pre_tasks", "tasks", "post_tasks", "handlers")
BLOCK = ("block", "rescue", "always")


def called():
    for path in FILES:
        for name in actions(yaml.safe_load(path.read_text())):
            yield path, name


def test_modules_are_called_by_their_full_names():
    found = list(called())
    assert len({path for path, _ in found}) == len(FILES)
    for path, name in found:
        assert FULL.fullmatch(name), f"{path.relative_to(ANSIBLE)}: {name}"


@pytest.mark.parametrize(
    "text",
    [
        "- hosts: all\n  tasks:\n    - name: A\n      copy: {}\n",
        "- name: A\n  block:\n    - copy: {}\n      when: true\n",
        "- name: A\n  block: []\n  rescue:\n    - action: copy\n",
    ],
)
def test_a_short_name_is_seen(text):
    assert list(actions(yaml.safe_load(text))) == ["copy"]


def test_ours_are_called_and_are_there():
    there = {path.stem for kind in ("action", "modules") for path in (PLUGINS / kind).glob("*.py")}
    text = "".join(path.read_text() for path in (*FILES, *(PLUGINS / "action").glob("*.py")))
    assert set(re.findall(r"homelab\.containers\.(\w+)", text)) == there
    assert {name.rpartition(".")[0] for _, name in called()} == {
        "ansible.builtin",
        "community.docker",
        "homelab.containers",
    }


def test_the_collection_says_what_it_is():
    about = yaml.safe_load((COLLECTION / "galaxy.yml").read_text())
    assert (about["namespace"], about["name"]) == (COLLECTION.parent.name, COLLECTION.name)
    assert (COLLECTION / about["readme"]).is_file()
    assert about["license"] == ["MIT"]
    runtime = yaml.safe_load((COLLECTION / "meta" / "runtime.yml").read_text())
    assert runtime["requires_ansible"] == ">=2.19.0"


def test_the_collection_is_the_only_place_for_plugins():
    settings = configparser.ConfigParser()
    settings.read(ANSIBLE / "ansible.cfg")
    assert settings["defaults"]["collections_path"] == "collections"
    assert "library" not in settings["defaults"]
    assert not [key for key in settings["defaults"] if key.endswith("_plugins")]
    assert {path.parents[1] for path in ANSIBLE.rglob("*.py")} == {PLUGINS}


def test_ansible_doc_knows_every_module_with_what_it_takes(
    host_files, stack_state, health_gate, stack
):
    names = sorted({path.stem for path in (PLUGINS / "modules").iterdir() if path.is_file()})
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-doc"),
            *("--json", "--type", "module"),
            *(f"homelab.containers.{name}" for name in names),
        ],
        env={**os.environ, "ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg")},
        capture_output=True,
        text=True,
        check=True,
    )
    found = {name.rpartition(".")[2]: item for name, item in json.loads(done.stdout).items()}
    assert sorted(found) == names == ["health_gate", "host_files", "stack", "stack_state"]
    for name, item in found.items():
        assert item["doc"]["short_description"], name
        assert item["doc"]["version_added"] == "0.1.0", name
        assert item["examples"], name
        assert item["return"], name
    assert found["stack"]["doc"]["options"].keys() == stack.ActionModule._VALID_ARGS
    for module in (host_files, stack_state, health_gate):
        name = module.__name__.partition("modules_")[2]
        assert spec_of(module) == documented(found[name]["doc"]["options"]), name


def spec_of(module):
    """The argument_spec that a module's main() hands to Ansible."""
    taken = {}

    class Stop(Exception):  # noqa: N818  (ends main() before it does anything)
        pass

    def take(argument_spec, **_):
        taken.update(argument_spec)
        raise Stop

    before, module.AnsibleModule = module.AnsibleModule, take
    try:
        with pytest.raises(Stop):
            module.main()
    finally:
        module.AnsibleModule = before
    return plain(taken)


def plain(options):
    return {
        name: (
            option.get("type", "str"),
            option.get("elements"),
            option.get("required", False),
            option.get("default"),
            plain(option.get("options") or {}),
        )
        for name, option in options.items()
    }


def documented(options):
    """The same of what ansible-doc shows, which says suboptions."""
    return plain(
        {name: {**option, "options": suboptions(option)} for name, option in options.items()}
    )


def suboptions(option):
    return {
        name: {**inner, "options": suboptions(inner)}
        for name, inner in option.get("suboptions", {}).items()
    }

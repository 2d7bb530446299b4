"""What real Ansible makes of values that look like templates."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from homelab.model import SshAccess, inventory

ANSIBLE = Path(__file__).parents[3] / "ansible"
VALUES = {
    "RULE": "Host(`{{ normalize .Name }}.home.arpa`)",
    "LOOKUP": "{{ lookup('pipe', 'touch evaluated') }}",
    "BLOCK": "{% for x in [1] %}{{ x }}{% endfor %}{# gone #}",
    "HEADER": "#jinja2:variable_start_string:'[%',variable_end_string:'%]'\n[% 1 + 1 %]",
    "PLAIN": "a'b",
}


def test_a_value_of_the_topology_is_never_a_template(topology, tmp_path):
    plex = topology.container("plex")
    service = plex.service.model_copy(
        update={
            "environment": VALUES,
            "health": plex.service.health.model_copy(update={"path": "/{{ x }}"}),
        }
    )
    changed = topology.model_copy(
        update={
            "containers": tuple(
                one.model_copy(update={"service": service}) if one.name == "plex" else one
                for one in topology
            )
        }
    )
    hosts = inventory(changed, ssh=SshAccess())
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts["all"]["hosts"]["plex"] |= local
    (tmp_path / "hosts.json").write_text(json.dumps(hosts))
    (tmp_path / "said.j2").write_text(
        "{{ {'environment': homelab_service.environment, 'url': homelab_health_url} | to_json }}"
    )
    written = {"src": str(tmp_path / "said.j2"), "dest": str(tmp_path / "said.json")}
    passed = {"msg": "{{ homelab_service.environment }}"}
    tasks = [
        {"name": "Rendered", "ansible.builtin.template": written},
        {"name": "Passed", "ansible.builtin.debug": passed},
    ]
    play = {"name": "Play", "hosts": "plex", "gather_facts": False, "tasks": tasks}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            *("-i", tmp_path / "hosts.json", tmp_path / "play.yml"),
        ],
        cwd=tmp_path,
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
    assert "ok=2" in done.stdout, done.stdout + done.stderr
    said = json.loads((tmp_path / "said.json").read_text())
    assert said["environment"] == VALUES
    assert said["url"].endswith("/{{ x }}")
    assert VALUES["RULE"] in done.stdout
    assert not (tmp_path / "evaluated").exists()

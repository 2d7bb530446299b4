from __future__ import annotations

import pytest

from homelab.clients.ansible.client import Ansible, Failure, HostSummary, PlayError, PlayResult
from homelab.errors import ConfigurationError


def test_failures_are_raised_on_demand(tmp_path):
    failure = Failure(host="plex", task="Up", message="unhealthy\nline of a log")
    hosts = {"plex": HostSummary(failed=1, changed=1), "ntfy": HostSummary(ok=1, changed=2)}
    result = PlayResult(
        playbook="site.yml", hosts=hosts, failures=(failure,), seconds=1.0, log=tmp_path / "x.log"
    )
    assert result.changed == 3
    with pytest.raises(PlayError) as caught:
        result.raise_for_failures()
    assert caught.value.result is result
    assert caught.value.message == (
        "site.yml failed on 1 of 2 containers:\n  plex: Up: unhealthy\n    | line of a log"
    )


def test_a_playbook_that_is_not_there(tmp_path):
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "site.yml").write_text("[]")
    with pytest.raises(ConfigurationError, match=r"no playbook .*nope\.yml; there are: site\.yml"):
        Ansible(directory=tmp_path, logs=tmp_path).run("nope.yml", {})


def test_the_environment_never_shows():
    ansible = Ansible(directory="a", logs="b", environment={"TOKEN": "hunter2"})
    assert "hunter2" not in repr(ansible)

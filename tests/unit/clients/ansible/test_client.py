from __future__ import annotations

import pytest

from homelab.clients.ansible.client import Ansible, Failure, HostSummary, PlayError, PlayResult
from homelab.clients.ansible.events import TaskState, host_summaries, message_of, task_event
from homelab.clients.ansible.vault import decrypt, encrypt
from homelab.errors import ConfigurationError


def raw(event, **data):
    return {"event": event, "event_data": {"host": "plex", "task": "Up", "role": "stack", **data}}


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (raw("runner_on_start"), TaskState.STARTED),
        (raw("runner_on_ok", res={"changed": False}), TaskState.OK),
        (raw("runner_on_ok", res={"changed": True}), TaskState.CHANGED),
        (raw("runner_on_skipped", res={}), TaskState.SKIPPED),
        (raw("runner_on_failed", res={"msg": "no"}), TaskState.FAILED),
        (raw("runner_on_unreachable", res={"msg": "no"}), TaskState.UNREACHABLE),
    ],
)
def test_a_task_s_state(event, state):
    seen = task_event(event)
    assert seen is not None
    assert (seen.host, seen.task, seen.role, seen.state) == ("plex", "Up", "stack", state)
    assert seen.message == ("no" if state.is_failure else "")


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"event": "verbose"},
        {"event": "runner_on_ok", "event_data": None},
        {"event": "playbook_on_task_start", "event_data": {"task": "Up"}},
        raw("runner_item_on_ok"),
    ],
)
def test_what_is_about_no_task_is_left_out(event):
    assert task_event(event) is None


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"msg": "non-zero return code", "stderr": "a\nb"}, "non-zero return code\na\nb"),
        ({"msg": "failed: a", "stderr": "a"}, "failed: a"),
        ({"msg": "MODULE FAILURE", "module_stdout": "Traceback"}, "MODULE FAILURE\nTraceback"),
        ({}, "no message"),
        (
            {
                "msg": "One or more items failed",
                "results": [
                    {"failed": True, "_ansible_item_label": "ntfy", "msg": "refused"},
                    {"failed": False, "item": "loki"},
                    {"failed": True, "item": "plex", "msg": "timed out"},
                ],
            },
            "ntfy: refused\nplex: timed out",
        ),
    ],
)
def test_what_a_failure_says(result, said):
    assert message_of(result) == said


def test_summaries_of_hosts():
    summaries = host_summaries(
        {
            "processed": {"plex": 1, "ntfy": 1},
            "ok": {"plex": 4},
            "changed": {"plex": 2},
            "failures": {"plex": 1},
            "rescued": {"plex": 1},
            "dark": {"ntfy": 1},
        }
    )
    assert summaries == {
        "ntfy": HostSummary(unreachable=1),
        "plex": HostSummary(ok=4, changed=2, failed=1, rescued=1),
    }
    assert all(summary.is_failed for summary in summaries.values())
    assert not HostSummary(ok=1, rescued=1).is_failed


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


def test_a_vault_opens_with_its_password_alone():
    text = encrypt("secret: hunter2\n", "right")
    assert text.startswith("$ANSIBLE_VAULT;1.1;AES256")
    assert decrypt(text, "right") == "secret: hunter2\n"
    with pytest.raises(ConfigurationError, match="can't be decrypted"):
        decrypt(text, "wrong")
    with pytest.raises(ConfigurationError, match="can't be decrypted"):
        decrypt("plain: text\n", "right")

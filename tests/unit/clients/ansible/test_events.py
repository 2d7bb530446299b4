from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.clients.ansible.client import HostSummary
from homelab.clients.ansible.events import TaskState, host_summaries, message_of, task_event


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


_STATISTICS = st.dictionaries(
    st.sampled_from(["processed", "ok", "changed", "skipped", "failures", "dark", "rescued"]),
    st.dictionaries(st.sampled_from(["plex", "ntfy", "loki"]), st.integers(0, 9)) | st.none(),
)


@given(_STATISTICS)
def test_every_host_that_is_named_anywhere_has_a_summary(statistics):
    summaries = host_summaries(statistics)
    assert set(summaries) == {host for counts in statistics.values() for host in counts or ()}
    for host, summary in summaries.items():
        assert summary.failed == (statistics.get("failures") or {}).get(host, 0)


_RESULTS = st.recursive(
    st.fixed_dictionaries(
        {}, optional={"msg": st.text(), "stderr": st.text(), "failed": st.booleans()}
    ),
    lambda inner: st.fixed_dictionaries({"results": st.lists(inner, max_size=3)}),
    max_leaves=5,
)


@given(_RESULTS)
def test_a_failure_always_says_something(result):
    assert message_of(result)


def test_what_is_ignored_is_marked():
    seen = task_event(raw("runner_on_failed", res={"msg": "no"}, ignore_errors=True))
    assert seen is not None
    assert seen.ignored

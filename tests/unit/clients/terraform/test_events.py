"""Terraform's lines as typed events."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.clients.terraform.events import (
    Diagnostic,
    Phase,
    ResourceEvent,
    SummaryEvent,
    instance_key,
    parse_event,
)

ADDRESS = 'module.container["plex"].proxmox_lxc.this'


def line(**message: object) -> str:
    return json.dumps({"@level": "info", "@message": "x", **message})


def test_a_resource_that_is_made() -> None:
    hook = {
        "resource": {"addr": ADDRESS, "resource_type": "proxmox_lxc", "resource_key": None},
        "action": "create",
        "elapsed_seconds": 3,
    }
    assert parse_event(line(type="apply_complete", hook=hook)) == ResourceEvent(
        address=ADDRESS,
        resource_type="proxmox_lxc",
        key="plex",
        action="create",
        phase=Phase.COMPLETE,
        elapsed=3.0,
    )


def test_a_diagnostic() -> None:
    event = parse_event(
        line(
            type="diagnostic",
            diagnostic={
                "severity": "error",
                "summary": "Unsupported argument",
                "detail": "An argument named x is not expected here.",
                "address": ADDRESS,
                "range": {"filename": "main.tf", "start": {"line": 3, "column": 1}},
            },
        )
    )
    assert isinstance(event, Diagnostic)
    assert event.is_error
    assert str(event) == (
        f"main.tf:3: {ADDRESS}: Unsupported argument\n    An argument named x is not expected here."
    )


def test_a_summary() -> None:
    changes = {"add": 28, "change": 1, "remove": 0, "import": 2, "operation": "plan"}
    assert parse_event(line(type="change_summary", changes=changes)) == SummaryEvent(
        operation="plan", add=28, change=1, remove=0, imported=2
    )


@pytest.mark.parametrize(
    ("address", "key"),
    [
        (ADDRESS, "plex"),
        ("proxmox_lxc.this", ""),
        ("proxmox_lxc.this[0]", "0"),
        ('module.a["b"].module.c["d"].x.y', "d"),
    ],
)
def test_instance_key(address: str, key: str) -> None:
    assert instance_key(address) == key


@given(st.text())
def test_other_text_is_no_event(text: str) -> None:
    assert parse_event(text) is None


@given(st.dictionaries(st.sampled_from(["type", "hook", "changes"]), st.none() | st.text()))
def test_other_messages_are_no_event(message: dict[str, object]) -> None:
    assert parse_event(json.dumps(message)) is None

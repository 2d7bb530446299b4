from __future__ import annotations

from dataclasses import replace

import pytest
from memory_lab import client_of
from proxmoxer import ResourceException

from homelab.errors import ConfigurationError, UnreachableError
from homelab.lab import Fault, Lab
from homelab.lab.server.faults_client import Control


def test_a_fault_is_added_hits_and_is_cleared(shared: Lab) -> None:
    control = Control(shared.info())
    added = control.add_fault(Fault(path="/version", status=503, message="tired", times=1))
    with pytest.raises(ResourceException, match="tired"):
        client_of(shared.info()).version.get()
    (known,) = control.faults()
    assert known.id == added.id
    assert control.clear_faults("no such") == 0
    assert control.clear_faults(added.id) == 1
    assert control.faults() == ()


def test_a_wrong_fault_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ConfigurationError):
        Control(None).add_fault(Fault())  # type: ignore[arg-type]


def test_a_lab_that_is_gone_is_named(shared: Lab) -> None:
    gone = replace(shared.info(), api_url="https://127.0.0.1:1/api2/json")
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1/api2/json does not answer") as why:
        Control(gone).faults()
    assert why.value.hint == "see 'homelab lab status'"


def test_what_the_lab_refuses_is_an_error_of_the_caller(shared: Lab) -> None:
    stranger = replace(shared.info(), token_secret="wrong")
    with pytest.raises(ConfigurationError):
        Control(stranger).faults()

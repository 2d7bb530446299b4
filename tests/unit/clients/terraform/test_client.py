"""The Terraform client's process handling, with a script in Terraform's place."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from homelab.clients.terraform.binary import Binary
from homelab.clients.terraform.client import IMPORT_FILE, Import, Terraform, TerraformError
from homelab.clients.terraform.events import Diagnostic, TerraformEvent
from homelab.clients.terraform.plan import Plan
from homelab.errors import ConfigurationError


def terraform(directory: Path, script: str) -> Terraform:
    (directory / "main.tf").write_text("")
    program = directory / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    client = Terraform(directory, env={"PM_PASS": "secret"}, variables={"storage": "fast"})
    client._binary = Binary(path=program, version=(1, 11, 4), carried=False)
    return client


def plan(directory: Path) -> Plan:
    return Plan.parse(directory / "x.tfplan", {})


def test_variables_and_settings_reach_it(tmp_path: Path) -> None:
    client = terraform(tmp_path, 'echo "$TF_VAR_storage $PM_PASS $TF_IN_AUTOMATION $TF_DATA_DIR"')
    assert client.fmt_check() == (f"fast secret 1 {tmp_path}/.terraform",)


def test_its_errors_are_kept_as_values(tmp_path: Path) -> None:
    error = {"severity": "error", "summary": "it broke", "detail": "badly"}
    line = json.dumps({"type": "diagnostic", "diagnostic": error})
    seen: list[TerraformEvent] = []
    client = terraform(tmp_path, f"echo '{line}'; exit 1")
    with pytest.raises(TerraformError) as caught:
        client.apply(plan(tmp_path), on_event=seen.append)
    assert caught.value.diagnostics == (
        Diagnostic(severity="error", summary="it broke", detail="badly"),
    )
    assert seen == list(caught.value.diagnostics)
    assert str(caught.value) == "terraform apply failed:\n  it broke\n    badly"


def test_output_without_diagnostics_is_shown(tmp_path: Path) -> None:
    client = terraform(tmp_path, "echo 'Usage: terraform' >&2; exit 1")
    with pytest.raises(TerraformError, match="Usage: terraform"):
        client.apply(plan(tmp_path))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT interrupts, also where what started the tests ignores it, as nohup in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_reaches_it_once_and_is_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = (
        f"trap 'echo int >> {log}' INT; echo started >> {log}; "
        f"for i in 1 2 3 4 5 6; do sleep 0.1; done; echo saved >> {log}"
    )
    client = terraform(tmp_path, script)

    def interrupt() -> None:
        while not log.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        client.apply(plan(tmp_path))
    thread.join()
    assert log.read_text().split() == ["started", "int", "saved"]


def test_import_blocks_are_there_only_while_planning(tmp_path: Path) -> None:
    client = terraform(tmp_path, "")
    path = tmp_path / IMPORT_FILE
    path.write_text("left by a run that was killed")
    with client._import_blocks([Import(address="a.b", id="pve/lxc/201")]):
        assert path.read_text() == 'import {\n  to = a.b\n  id = "pve/lxc/201"\n}\n'
    assert not path.exists()


def test_a_directory_without_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="has no Terraform configuration"):
        Terraform(tmp_path).init()


def test_error_is_shown_without_colours_and_frame() -> None:
    output = "\x1b[31m╷\x1b[0m\n\x1b[31m│\x1b[0m \x1b[1mError: pq: no\x1b[0m\n\x1b[31m╵\x1b[0m\n"

    assert str(TerraformError("workspace", (), output=output)) == (
        "terraform workspace failed:\n  |  Error: pq: no"
    )

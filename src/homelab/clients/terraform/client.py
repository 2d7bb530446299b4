"""Terraform as typed calls: init, fmt, validate, plan, apply, destroy, outputs, workspaces, import."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from homelab.clients.terraform import lock
from homelab.clients.terraform.binary import Binary, find_terraform
from homelab.clients.terraform.events import (
    Diagnostic,
    SummaryEvent,
    TerraformEvent,
    parse_diagnostic,
    parse_event,
)
from homelab.clients.terraform.init import is_initialised, mark_initialised
from homelab.clients.terraform.plan import Plan
from homelab.clients.terraform.state import set_aside_if_damaged, state_file
from homelab.clients.terraform.tests import TestRun, parse_runs
from homelab.errors import ConfigurationError, HomelabError
from homelab.escaping import uncoloured
from homelab.offline_provider import ADDRESS, package_hash, serves_offline
from homelab.process import environment, find_program

if TYPE_CHECKING:
    from collections.abc import Iterator

_log = logging.getLogger(__name__)

IMPORT_FILE = "homelab-imports.generated.tf"
PARALLELISM = 28

_FIXED = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}


class Target(Protocol):
    """Something that Terraform works on, such as `Lab`."""

    def env(self) -> Mapping[str, str]:
        """The environment variables with which Terraform reaches it."""


class TerraformError(HomelabError):
    """Terraform refused or failed; `diagnostics` are its own errors and warnings."""

    def __init__(
        self,
        command: str,
        diagnostics: Sequence[Diagnostic],
        *,
        output: str = "",
        hint: str | None = None,
    ) -> None:
        self.command = command
        self.diagnostics = tuple(diagnostics)
        errors = [item for item in diagnostics if item.is_error]
        tail = _undecorated(output)[-20:]
        lines = [f"  {item}" for item in errors] or [f"  | {line}" for line in tail]
        super().__init__("\n".join((f"terraform {command} failed:", *lines)), hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An existing thing that a plan shall take over instead of creating it."""

    address: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What an apply did."""

    added: int
    changed: int
    removed: int
    imported: int


Listener = Callable[[TerraformEvent], None]


def ignore(event: TerraformEvent) -> None:
    """The listener of those who don't listen."""


class Terraform:
    """Drives Terraform in one directory.

    `env` (and `target.env()`, over which it wins) is added to this process's environment,
    `variables` are the root module's. `data_dir` replaces `.terraform` (TF_DATA_DIR) and `state`
    the local state's place; both let several targets share one directory.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        target: Target | None = None,
        env: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
        data_dir: Path | None = None,
        state: Path | None = None,
    ) -> None:
        self.directory = Path(directory).resolve()
        self._data_dir = (data_dir or self.directory / ".terraform").resolve()
        self._state = state.resolve() if state is not None else None
        self._env = {
            **(target.env() if target is not None else {}),
            **(env or {}),
            **{f"TF_VAR_{name}": value for name, value in (variables or {}).items()},
            **_FIXED,
            "TF_DATA_DIR": str(self._data_dir),
        }
        self._binary: Binary | None = None

    @property
    def binary(self) -> Binary:
        """The Terraform that is used.

        Raises:
            CapabilityError: there is none.
        """
        if self._binary is None:
            if not any(self.directory.glob("*.tf")):
                raise ConfigurationError(
                    f"{self.directory} has no Terraform configuration",
                    hint="name the directory that holds providers.tf, main.tf, ...",
                )
            search = self._env.get("PATH")
            self._binary = find_terraform(self._data_dir / "bin", on_path=search)
        return self._binary

    def init(self, *, force: bool = False) -> bool:
        """Install modules and providers; whether anything had to be done.

        It is skipped while no .tf file, provider mirror or Terraform changed since the last time.

        Raises:
            TerraformError: Terraform failed.
        """
        key = (str(self.binary), environment(self._env).get("TF_CLI_CONFIG_FILE", ""))
        if not force and is_initialised(self.directory, self._data_dir, key):
            return False
        if serves_offline(key[1]):
            lock.allow(self.directory, ADDRESS, package_hash())
        else:
            lock.forget(self.directory, ADDRESS, package_hash())
        # -reconfigure: the data directory is this target's own, so there is nothing to migrate.
        self._run("init", "-reconfigure", "-no-color")
        mark_initialised(self.directory, self._data_dir, key)
        return True

    def fmt_check(self) -> tuple[str, ...]:
        """The files that `terraform fmt` would rewrite.

        Raises:
            TerraformError: a file can't be parsed.
        """
        done = self._run("fmt", "-check", "-recursive", "-no-color", expected=(0, 3))
        return tuple(sorted(done.splitlines()))

    def validate(self) -> tuple[Diagnostic, ...]:
        """All errors and warnings that the configuration itself has; empty when there are none."""
        self.init()
        report = json.loads(self._run("validate", "-json", expected=(0, 1)))
        return tuple(parse_diagnostic(item) for item in report.get("diagnostics", ()))

    def test(self) -> tuple[TestRun, ...]:
        """Run the module's tests (tests/*.tftest.hcl); needs Terraform 1.7 for mocked providers.

        Raises:
            TerraformError: a test file could not be read, or Terraform failed.
        """
        self.init()
        said = self._run("test", "-json", "-no-color", expected=(0, 1))
        runs = parse_runs(said.splitlines())
        if not runs:
            raise TerraformError("test", (), output=said)
        return runs

    def plan(
        self,
        out: Path | None = None,
        *,
        destroy: bool = False,
        refresh: bool = True,
        imports: Sequence[Import] = (),
        on_event: Listener = ignore,
    ) -> Plan:
        """Plan, write the plan to `out` (below the data directory by default), and read it.

        `imports` are taken over by this plan; see `homelab.clients.terraform.adopt`.

        Raises:
            TerraformError: Terraform failed; carries its diagnostics.
        """
        self.init()
        self._set_damaged_state_aside(on_event)
        path = (out or self._data_dir / "homelab.tfplan").resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        options = [f"-out={path}", f"-parallelism={PARALLELISM}", "-lock-timeout=10s"]
        options += ["-destroy"] if destroy else []
        options += [] if refresh else ["-refresh=false"]
        with self._import_blocks(imports):
            said = self._stream("plan", *options, *self._state_option(), on_event=on_event)
        path.chmod(0o600)
        document = json.loads(self._run("show", "-json", "-no-color", str(path)))
        warnings = tuple(item for item in said if isinstance(item, Diagnostic))
        return Plan.parse(path, document, warnings=warnings)

    def read_plan(self, path: Path) -> Plan:
        """Read a plan that was written before.

        Raises:
            TerraformError: it is no plan of this configuration and Terraform.
        """
        self.init()
        path = path.resolve()
        return Plan.parse(path, json.loads(self._run("show", "-json", "-no-color", str(path))))

    def apply(self, plan: Plan, *, on_event: Listener = ignore) -> Applied:
        """Apply a plan.

        Raises:
            TerraformError: something failed; what succeeded before is in the state.
        """
        options = (f"-parallelism={PARALLELISM}", "-lock-timeout=10s", *self._state_option())
        said = self._stream("apply", *options, str(plan.path), on_event=on_event)
        counts = [item for item in said if isinstance(item, SummaryEvent)]
        last = counts[-1] if counts else SummaryEvent(operation="apply")
        return Applied(
            added=last.add, changed=last.change, removed=last.remove, imported=last.imported
        )

    def destroy(self) -> Applied:
        """Plan the destruction of everything in the state, and apply that.

        Raises:
            TerraformError: something failed.
        """
        return self.apply(self.plan(destroy=True))

    def output(self) -> Mapping[str, Any]:
        """The state's outputs in the form of `terraform output -json`; empty without a state."""
        self.init()
        return dict(json.loads(self._run("output", "-json", "-no-color", *self._state_option())))

    def state_list(self) -> tuple[str, ...]:
        self.init()
        expected = (0, 1)  # 1 is also what "there is no state" ends with
        said = self._run("state", "list", *self._state_option(), expected=expected)
        return tuple(line for line in said.splitlines() if line and not line.startswith("No state"))

    def state_pull(self) -> Mapping[str, Any] | None:
        """The state as Terraform stores it; None when there is none yet."""
        self.init()
        said = self._run("state", "pull")
        return dict(json.loads(said)) if said.strip() else None

    def state_push(self, state: Path) -> None:
        """Put a state in place of the present one.

        Raises:
            TerraformError: the present one is newer, or has another lineage and is not empty.
        """
        self.init()
        self._run("state", "push", "-lock-timeout=10s", str(state.resolve()))

    def import_resource(self, address: str, id: str) -> None:  # noqa: A002
        """Put an existing thing into the state under an address.

        Raises:
            TerraformError: there is no such thing, or the address is taken.
        """
        self.init()
        self._run("import", "-no-color", "-input=false", *self._state_option(), address, id)

    def workspace_select(self, name: str) -> None:
        """Select a workspace, making it when it does not exist."""
        self.init()
        self._run("workspace", "select", "-or-create", name)

    def workspaces(self) -> tuple[str, ...]:
        self.init()
        lines = self._run("workspace", "list").splitlines()
        return tuple(line.lstrip("* ").strip() for line in lines if line.strip())

    def _set_damaged_state_aside(self, on_event: Listener) -> None:
        workspace = environment(self._env).get("TF_WORKSPACE")
        path = self._state or state_file(self.directory, self._data_dir, workspace)
        aside = set_aside_if_damaged(path)
        if aside is not None:
            summary = f"{path.name} was half written by a Terraform that was killed"
            detail = f"It is kept as {aside.name}; what exists is taken over again."
            on_event(Diagnostic(severity="warning", summary=summary, detail=detail))

    def _state_option(self) -> tuple[str, ...]:
        return () if self._state is None else (f"-state={self._state}",)

    @contextmanager
    def _import_blocks(self, imports: Sequence[Import]) -> Iterator[None]:
        """Put `import` blocks beside the configuration while the body runs."""
        path = self.directory / IMPORT_FILE
        path.unlink(missing_ok=True)  # left by a run that was killed
        if not imports:
            yield
            return
        blocks = (f'import {{\n  to = {item.address}\n  id = "{item.id}"\n}}\n' for item in imports)
        path.write_text("\n".join(blocks), encoding="utf-8")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)

    def _argv(self, *words: str) -> list[str]:
        # python-terraform knows the command line's shape; it can neither pass an environment nor
        # stream, so the process itself is run here.
        from python_terraform import Terraform as CommandLine

        # Its constructor reads the state file of its directory, and breaks on a damaged one.
        nowhere = str(self._data_dir / "bin")
        builder = CommandLine(working_dir=nowhere, terraform_bin_path=str(self.binary.path))
        return [str(word) for word in builder.generate_cmd_string(*words)]

    def _run(self, *words: str, expected: Sequence[int] = (0,)) -> str:
        code, lines, said = self._child(words)
        output = "\n".join(lines)
        if code not in expected:
            raise TerraformError(words[0], (), output=f"{output}\n{said}", hint=_hint(said))
        return output

    def _stream(self, *words: str, on_event: Listener) -> list[TerraformEvent]:
        """Run a command that reports in events, and return its diagnostics and summaries."""
        kept: list[TerraformEvent] = []

        def take(line: str) -> None:
            event = parse_event(line)
            if event is None:
                return
            if isinstance(event, Diagnostic | SummaryEvent):
                kept.append(event)
            on_event(event)

        code, lines, said = self._child((words[0], "-json", "-input=false", *words[1:]), take)
        if code != 0:
            found = [item for item in kept if isinstance(item, Diagnostic)]
            text = "\n".join(item.summary for item in found)
            output = said or "\n".join(lines)
            raise TerraformError(words[0], found, output=output, hint=_hint(text + said))
        return kept

    def _child(
        self, words: Sequence[str], on_line: Callable[[str], None] | None = None
    ) -> tuple[int, list[str], str]:
        """Run Terraform to its end: its exit code, its lines and what it said on stderr.

        An interrupt reaches it once, and is waited for.

        Terraform takes a second interrupt for leave to lose its state, so it must not get the
        terminal's as well as ours: it runs in a process group of its own. Where this process is
        killed, the kernel interrupts it (PR_SET_PDEATHSIG of prctl(2), by util-linux's setpriv).
        """
        argv = self._argv(*words)
        _log.debug("run %s", argv)
        lines: list[str] = []
        setpriv = find_program("setpriv")
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
            child = subprocess.Popen(
                argv if setpriv is None else (setpriv, "--pdeathsig", "INT", "--", *argv),
                cwd=self.directory,
                env=environment(self._env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                errors="replace",
                process_group=0,
            )
            assert child.stdout is not None  # noqa: S101  (PIPE was asked for)
            try:
                for line in child.stdout:
                    lines.append(line.rstrip("\n"))
                    if on_line is not None:
                        on_line(lines[-1])
                child.wait()
            except BaseException:
                child.send_signal(signal.SIGINT)
                child.stdout.read()
                child.wait()
                raise
            finally:
                child.stdout.close()
            errors.seek(0)
            return child.returncode, lines, errors.read()


def _undecorated(output: str) -> list[str]:
    """The lines of an output without colours and the frame around errors."""
    plain = uncoloured(output).splitlines()
    lines = (line.strip("\u2577\u2502\u2575").rstrip() for line in plain)
    return [line for line in lines if line.strip()]


_NOT_GRANTED = "the role must own the database, or be granted CREATE; see docs/remote-state.md"
_HINTS = {
    "state lock": "another Terraform works on this state; wait for it, or see who holds the lock",
    "saved plan is stale": "the state changed since the plan was made; plan again",
    "ssl is not enabled on the server": "the database speaks no TLS; on loopback add "
    "?sslmode=disable to PG_CONN_STR",
    "pq: password authentication failed": "check the user and the password in PG_CONN_STR",
    "permission denied for schema public": _NOT_GRANTED,
    "permission denied for database": _NOT_GRANTED,
    "checksum": "the provider is not the one in .terraform.lock.hcl; see docs on the lock file",
}


def _hint(text: str) -> str | None:
    return next((hint for words, hint in _HINTS.items() if words in text.lower()), None)

"""Runs Ansible's playbooks; the only importer of ansible-runner."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from homelab import process
from homelab.clients.ansible.events import (
    HostSummary,
    TaskEvent,
    TaskState,
    host_summaries,
    task_event,
)
from homelab.errors import CapabilityError, ConfigurationError, HomelabError
from homelab.escaping import terminal, uncoloured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["Ansible", "Failure", "HostSummary", "PlayError", "PlayResult", "TaskEvent", "TaskState"]

_TAIL = 20
_SOCKETS = "ssh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a host did not reach the end of a playbook."""

    host: str
    task: str
    message: str

    def __str__(self) -> str:
        return f"{self.host}: {self.task}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayResult:
    """How a playbook ended on every host that it was run on."""

    playbook: str
    hosts: Mapping[str, HostSummary]
    failures: tuple[Failure, ...]
    seconds: float
    log: Path
    """Everything that ansible-playbook printed."""

    @property
    def changed(self) -> int:
        return sum(summary.changed for summary in self.hosts.values())

    def raise_for_failures(self) -> None:
        """Raise when a host failed or was not reached.

        Raises:
            PlayError: names every such host with its task and what was said.
        """
        if self.failures:
            raise PlayError(self)


class PlayError(HomelabError):
    """A playbook failed on some hosts; `result` says on which, and why."""

    def __init__(self, result: PlayResult) -> None:
        self.result = result
        listing = "\n".join(_indented(failure) for failure in result.failures)
        super().__init__(
            f"{result.playbook} failed on {len(result.failures)} of {len(result.hosts)} "
            f"containers:\n{listing}",
            hint=f"read {result.log}",
        )


def _indented(failure: Failure) -> str:
    first, *rest = str(failure).splitlines()
    return "\n".join([f"  {first}", *(f"    | {line}" for line in rest[:_TAIL])])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ansible:
    """The project's ansible/ directory, with what a run needs to know about its target.

    Programs are started from the calling thread, so `homelab.netns.inside` applies to them.
    """

    directory: Path
    logs: Path
    """Where NAME.log of each playbook goes, such as build/ansible."""
    new_host_keys: bool = False
    """Whether ssh host keys are neither checked nor kept, as for containers that were just made."""
    fast: bool = True
    """Whether Mitogen carries the tasks where it is installed: a third of the processor time."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Added to the environment of ansible-playbook."""

    def run(
        self,
        playbook: str,
        inventory: Mapping[str, Any] | Path,
        *,
        variables: Mapping[str, Any] | None = None,
        variable_files: Sequence[Path] = (),
        vault_password_file: Path | None = None,
        limit: Sequence[str] = (),
        check: bool = False,
        on_event: Callable[[TaskEvent], None] | None = None,
    ) -> PlayResult:
        """Run playbooks/`playbook` (such as site.yml) to its end.

        `variables` and then `variable_files` (which may be encrypted) win over every other source.
        A failed host is part of the result, not an exception. Ctrl-C ends ansible-playbook first.

        Raises:
            ConfigurationError: no such playbook, or it could not be begun (a syntax error, a wrong
                vault password, an inventory without hosts); carries Ansible's words.
            CapabilityError: ansible-playbook is not installed beside this Python.
        """
        path = self.directory / "playbooks" / playbook
        if not path.is_file():
            known = ", ".join(sorted(item.name for item in path.parent.glob("*.yml")))
            raise ConfigurationError(f"there is no playbook {path}; there are: {known}")
        with TemporaryDirectory(prefix="homelab-ansible-") as scratch:
            place = Path(scratch)
            arguments = ["-e", f"@{_written(place / 'variables.json', variables or {})}"]
            arguments += [word for item in variable_files for word in ("-e", f"@{item}")]
            if vault_password_file is not None:
                arguments += ["--vault-password-file", str(vault_password_file)]
            if limit:
                arguments += ["--limit", ",".join(limit)]
            if check:
                arguments += ["--check"]
            if not isinstance(inventory, Path):
                inventory = _written(place / "hosts.json", inventory)
            return self._run(path, inventory, arguments, place=place, on_event=on_event)

    def _run(
        self,
        playbook: Path,
        inventory: Path,
        arguments: Sequence[str],
        *,
        place: Path,
        on_event: Callable[[TaskEvent], None] | None,
    ) -> PlayResult:
        import ansible_runner

        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{playbook.stem}.log"
        begin = time.monotonic()
        with log.open("w", encoding="utf-8") as stream, _interruptible() as interrupted:
            listener = _Listener(stream.write, on_event)
            try:
                runner = ansible_runner.run(
                    private_data_dir=str(place),
                    artifact_dir=str(place / "artifacts"),
                    project_dir=str(self.directory),
                    ident="run",
                    playbook=str(playbook),
                    inventory=str(inventory),
                    cmdline=shlex.join(arguments),
                    envvars=self.variables(place),
                    settings={"pexpect_timeout": 1, "fact_cache_type": "memory"},
                    suppress_env_files=True,
                    quiet=True,
                    event_handler=listener,
                    cancel_callback=interrupted,
                )
            finally:
                _hang_up(place / _SOCKETS)
                _end_what_names(place)
        if interrupted():
            raise KeyboardInterrupt
        result = PlayResult(
            playbook=playbook.name,
            hosts=listener.hosts,
            failures=tuple(
                failure
                for failure in listener.failures.values()
                if listener.hosts.get(failure.host, HostSummary()).is_failed
            ),
            seconds=time.monotonic() - begin,
            log=log,
        )
        if not result.hosts or (runner.rc != 0 and not result.failures):
            raise ConfigurationError(
                f"ansible-playbook could not run {playbook.name} (exit code {runner.rc}):\n"
                + "\n".join(f"  | {line}" for line in listener.tail[-_TAIL:]),
                hint=f"read {log}",
            )
        return result

    def variables(self, place: Path) -> dict[str, str]:
        """The environment of Ansible's programs; `place` is a directory for what they leave."""
        variables = {
            "ANSIBLE_CONFIG": str(self.directory / "ansible.cfg"),
            "ANSIBLE_HOME": str(place / "home"),
            "ANSIBLE_LOCAL_TEMP": str(place / "tmp"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_HOST_KEY_CHECKING": str(not self.new_host_keys),
            "ANSIBLE_SSH_ARGS": "-o ControlMaster=no -o PreferredAuthentications=publickey",
            "PATH": _with_programs(),
        }
        if self.fast and importlib.util.find_spec("ansible_mitogen") is not None:
            variables["ANSIBLE_STRATEGY_PLUGINS"] = str(Path(__file__).with_name("strategies"))
            variables["ANSIBLE_STRATEGY"] = "homelab_free"
            # Ansible announces that strategies of others may go one day; the version is pinned.
            variables["ANSIBLE_DEPRECATION_WARNINGS"] = "False"
        else:
            variables["ANSIBLE_SSH_ARGS"] = (
                "-o ControlMaster=auto -o ControlPersist=60s -o PreferredAuthentications=publickey"
            )
            variables["ANSIBLE_SSH_CONTROL_PATH_DIR"] = str(place / _SOCKETS)
        return {**variables, **self.environment}


class _Listener:
    """Takes ansible-runner's events: writes the log, remembers the failures, passes tasks on."""

    def __init__(
        self, write: Callable[[str], object], on_event: Callable[[TaskEvent], None] | None
    ) -> None:
        self._write = write
        self._on_event = on_event
        self.hosts: dict[str, HostSummary] = {}
        self.failures: dict[str, Failure] = {}
        self.tail: list[str] = []

    def __call__(self, raw: Mapping[str, Any]) -> bool:
        """Take one event; False tells ansible-runner to keep no copy of it."""
        said = terminal(uncoloured(str(raw.get("stdout") or "")))
        if said:
            self._write(said + "\n")
            self.tail += [line for line in said.splitlines() if line.strip()]
            del self.tail[:-200]
        if raw.get("event") == "playbook_on_stats":
            self.hosts = host_summaries(raw.get("event_data") or {})
        if event := task_event(raw):
            if event.state.is_failure and not event.ignored:
                self.failures[event.host] = Failure(
                    host=event.host, task=event.task, message=event.message
                )
            if self._on_event is not None:
                self._on_event(event)
        return False


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C into a flag, so that ansible-playbook is ended before anything unwinds."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag.is_set
        return
    before = signal.signal(signal.SIGINT, lambda *_: flag.set())
    try:
        yield flag.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def _written(path: Path, data: Mapping[str, Any]) -> Path:
    path.touch(mode=0o600)
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def _hang_up(sockets: Path) -> None:
    """End the connections that ssh keeps open, so that none outlives the run."""
    for socket in sockets.glob("*") if sockets.is_dir() else ():
        words = ("ssh", "-o", f"ControlPath={socket}", "-O", "exit", "-q", "any")
        process.run(words, expected=(0, 255), timeout=10)


def _end_what_names(place: Path) -> None:
    """End the processes of a run that was cut off.

    Ansible's workers lead sessions of their own, so ansible-runner does not find them; like
    ansible-playbook they carry the run's own directory in their arguments.
    """
    name = str(place).encode()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if name in entry.read_bytes():
                os.kill(int(entry.parent.name), signal.SIGKILL)


def _with_programs() -> str:
    """A search path on which this environment's own ansible-playbook comes first."""
    beside = Path(sys.executable).parent
    if not (beside / "ansible-playbook").is_file():
        raise CapabilityError(
            f"ansible-playbook is not installed beside {sys.executable}",
            hint="install homelab with its dependencies ('pip install homelab')",
        )
    return f"{beside}{os.pathsep}{process.environment()['PATH']}"

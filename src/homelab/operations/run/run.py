"""One run of an operation: its settings, its recorder, and what is left when it ends."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from homelab.errors import CapabilityError, ConfigurationError, HomelabError, WaitTimeoutError
from homelab.escaping import json_text
from homelab.files import replace_file
from homelab.model.hcl import Declared
from homelab.operations.run.events import Listener, Stage, silent
from homelab.operations.run.ownership import give_back
from homelab.operations.run.recorder import Recorder
from homelab.operations.run.report import ImageOrigin, OperationReport
from homelab.operations.target.worker import Worker, ago, this_process
from homelab.options.lab import LabOptions
from homelab.polling import wait_until
from homelab.relay import Relay
from homelab.settings import Settings

_LOCK = ".lock"

_PLANNED = ("plan.json", "plan.md", "policy.sarif", "policy.xml")
_PRODUCTS = {
    "plan": _PLANNED,
    "deploy": (*_PLANNED, "deploy.json", "deploy.xml"),
    "destroy": ("destroy.json", "destroy.xml"),
}
"""What an operation writes below build/; an old one must not pass for this run's."""


@dataclass(slots=True, kw_only=True)
class Run:
    """What the stages of one operation share."""

    settings: Settings
    recorder: Recorder
    target: str
    lab: LabOptions = field(default_factory=LabOptions)
    runtime: str | None = None
    provider: str | None = None
    images: tuple[ImageOrigin, ...] = ()
    tree: Declared | None = None
    """What was read of terraform/, once."""
    report: OperationReport | None = None
    """Set when the run has ended, however it ended."""

    @property
    def terraform_directory(self) -> Path:
        return self.settings.project / "terraform"

    @property
    def build(self) -> Path:
        return self.settings.project / "build"

    def write_json(self, name: str, data: Mapping[str, Any]) -> None:
        self.write(name, json_text(data) + "\n")

    def write(self, name: str, text: str) -> None:
        """Write a file below build/, whole or not at all."""
        path = self.build / name
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text)


@contextmanager
def running(
    settings: Settings,
    name: str,
    *,
    target: str | None,
    stages: Sequence[Stage],
    lab: LabOptions | None = None,
    listener: Listener = silent,
    reports: bool = True,
    lock_timeout: float = 0.0,
) -> Iterator[Run]:
    """Run an operation's stages in the body; its reports are written however the body ends.

    Without `reports` the operation has a product of its own, in files of the same name. `listener`
    is called on one thread, has heard everything when this returns, and holds nobody up before. If
    it raises it hears no more, the operation goes on to its end, and then the error is raised.

    Raises:
        ConfigurationError: unknown target, or another operation works in this project.
        CapabilityError: build/ can't be written.
    """
    wanted, _ = settings.target(target)
    begin = datetime.now(UTC)
    with Relay(listener) as tell, ExitStack() as stack:
        stack.callback(give_back, settings.project, settings.environment)
        stack.enter_context(_only_one(settings.project / "build", name, lock_timeout))
        recorder = Recorder(name, target=wanted, stages=stages, listener=tell)
        run = Run(settings=settings, recorder=recorder, target=wanted, lab=lab or LabOptions())
        for stale in _PRODUCTS[name]:
            (run.build / stale).unlink(missing_ok=True)
        error: BaseException | None = None
        try:
            yield run
        except BaseException as caught:
            error = caught
            raise
        finally:
            recorder.close()
            run.report = _report(run, name, begin, error)
            if reports:
                run.write_json(f"{name}.json", run.report.to_json())
                run.write(f"{name}.xml", run.report.to_junit())


def _report(run: Run, name: str, begin: datetime, error: BaseException | None) -> OperationReport:
    text = None
    if error is not None:
        text = str(error) if isinstance(error, HomelabError) else type(error).__name__
    return OperationReport(
        operation=name,
        target=run.target,
        runtime=run.runtime,
        provider=run.provider,
        started=begin.isoformat(timespec="seconds"),
        seconds=run.recorder.seconds,
        error=text,
        stages=run.recorder.stages,
        items=run.recorder.items,
        images=run.images,
        notices=run.recorder.notices,
    )


@contextmanager
def _only_one(build: Path, doing: str, timeout: float) -> Iterator[None]:
    """Hold the project's lock; it falls with the process, so none is ever left over."""
    try:
        build.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(build / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise CapabilityError(
            f"can't write to {build}: {error.strerror}",
            hint="run it as the user to whom the project's files belong",
        ) from error
    try:
        try:
            wait_until(lambda: _try_lock(descriptor), what="the project's lock", timeout=timeout)
        except WaitTimeoutError as error:
            found = project_lock_holder(build)
            who = f": {found[0]}, since {ago(found[1])}" if found is not None else ""
            raise ConfigurationError(
                f"another homelab operation is running in {build.parent}{who}",
                hint="wait for it to end, or give --lock-timeout",
            ) from error
        record = {**asdict(this_process()), "doing": doing, "since": datetime.now(UTC).isoformat()}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(record).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def project_lock_holder(build: Path) -> tuple[Worker, datetime] | None:
    """Who works in a project, and since when; None when nobody does."""
    try:
        with (build / _LOCK).open("r+b") as file:
            if _try_lock(file.fileno()):
                return None
            record = json.loads(file.read() or b"{}")
    except (OSError, ValueError):
        return None
    if "since" not in record:
        return None
    since = datetime.fromisoformat(record.pop("since"))
    return Worker(**record), since


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

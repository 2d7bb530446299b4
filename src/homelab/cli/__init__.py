"""The command line: `homelab plan|deploy|destroy|probe|inventory|doctor|lab`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit: 0 fine, 1 error, 2 changes or drift, 130 interrupted."""
    from homelab.cli.app import run
    from homelab.cli.output import report_unexpected

    sys.excepthook = report_unexpected
    sys.exit(run(sys.argv[1:]))

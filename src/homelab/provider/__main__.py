"""Entry point of the plugin process: `python -m homelab.provider [CERTIFICATE]`."""

from __future__ import annotations

import sys
from pathlib import Path

from homelab.process import environment
from homelab.provider.application import ProxmoxProvider
from homelab.provider.server import COOKIE, serve


def main(arguments: list[str]) -> int:
    """Serve Terraform; a person who starts it is told what it is."""
    variables = environment()
    if variables.get(COOKIE[0]) != COOKIE[1]:
        sys.stderr.write(
            "This is a plugin for Terraform and is started by it. 'homelab lab env' prints the "
            "settings with which Terraform finds it.\n"
        )
        return 1
    serve(ProxmoxProvider(variables), Path(arguments[0]) if arguments else None)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

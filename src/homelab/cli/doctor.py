"""`homelab doctor`: what this machine lacks for running real containers."""

from __future__ import annotations

import click

from homelab.cli import options
from homelab.cli.elevation import is_root, require_root
from homelab.cli.output import emit, emit_json, say
from homelab.operations.target.lab_options import lab_around
from homelab.options.lab import LabOptions
from homelab.settings import cache_directory


@click.command()
@options.combined(options.state, options.as_json)
@click.option("--fix", "repair", is_flag=True, help="Install and set what is missing.")
@click.option("--tests", is_flag=True, help="Also what only the project's own tests use.")
def doctor(lab: LabOptions, *, as_json: bool, repair: bool, tests: bool) -> int:
    """Say what this machine lacks for a lab with containers; exit code 1 when it lacks something."""
    from homelab.lab.host.doctor import Check, CheckState, diagnose, diagnose_tests
    from homelab.lab.host.installation import fix

    chosen = lab_around(lab)

    def look() -> tuple[Check, ...]:
        checks = diagnose(state_dir=chosen.state, cache_dir=cache_directory())
        return checks + (diagnose_tests() if tests else ())

    checks = look()
    missing = [check for check in checks if check.state is CheckState.MISSING]
    if repair and missing:
        if not is_root():
            require_root("looking at everything and installing what is missing")
        fix(checks, on_line=say)
        checks = look()
        missing = [check for check in checks if check.state is CheckState.MISSING]
    if as_json:
        rows = [
            {"name": c.name, "state": str(c.state), "detail": c.detail, "fix": c.fix}
            for c in checks
        ]
        emit_json(rows)
    else:
        for check in checks:
            would = f"; --fix would {check.fix}" if check.fix else ""
            emit(f"{check.state:9} {check.name:24} {check.detail}{would}")
    return 1 if missing else 0

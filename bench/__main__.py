"""All benches, or those named: `python -m bench api deploy`."""

from __future__ import annotations

import sys

from bench import api, deploy, large, ready
from bench.report import Report

BENCHES = {"ready": ready, "deploy": deploy, "api": api, "large": large}


def main(names: list[str]) -> int:
    """Run them one after the other; one file of results for each."""
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"no such bench: {', '.join(unknown)}; there are {', '.join(BENCHES)}")
        return 1
    for name in names or BENCHES:
        print(f"# {name}")
        report = Report()
        BENCHES[name].run(report)
        print(report.save(name))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

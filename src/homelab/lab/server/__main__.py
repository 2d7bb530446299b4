"""The lab's server as a process of its own: `python -m homelab.lab.server.__main__`."""

from __future__ import annotations

import argparse
import errno
import json
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from homelab.errors import CapabilityError, ConfigurationError, HomelabError
from homelab.lab.runtime import RuntimeKind
from homelab.lab.server.assembly import serve
from homelab.lab.server.options import DEFAULT_LISTEN, DEFAULT_NODE, ServeOptions

_log = logging.getLogger(__name__)


class _Reporter(logging.Handler):
    """Tells the process that waits for this one what goes on, one JSON object per line."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(logging.INFO)
        self._pipe = os.fdopen(descriptor, "w", encoding="utf-8")

    def emit(self, record: logging.LogRecord) -> None:
        self.tell({"progress": record.getMessage()})

    def tell(self, message: Mapping[str, object]) -> None:
        if self._pipe.closed:
            return
        try:
            self._pipe.write(json.dumps(message) + "\n")
            self._pipe.flush()
        except BrokenPipeError:
            self._pipe.close()

    def finish(self) -> None:
        logging.getLogger("homelab").removeHandler(self)
        if not self._pipe.closed:
            self._pipe.close()


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m homelab.lab.server.__main__", description=__doc__
    )
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--runtime", choices=[str(kind) for kind in RuntimeKind], required=True)
    parser.add_argument("--listen", default=DEFAULT_LISTEN)
    parser.add_argument("--bridge", action="append", metavar="NAME=ADDRESS/LENGTH")
    parser.add_argument("--node", default=DEFAULT_NODE)
    parser.add_argument("--nodes", type=int)
    parser.add_argument("--pve-version")
    parser.add_argument("--resources-lag", type=float)
    parser.add_argument("--request-log", type=Path)
    parser.add_argument("--note", action="append", default=[])
    parser.add_argument("--report-to", type=int, metavar="DESCRIPTOR")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """Run the server; with `--report-to` in a process of its own."""
    arguments = _arguments(words)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    reporter: _Reporter | None = None
    if arguments.report_to is not None:
        if os.fork():
            return 0
        reporter = _Reporter(arguments.report_to)
        logging.getLogger("homelab").addHandler(reporter)
    pairs = [pair.partition("=") for pair in arguments.bridge or ()]
    options = ServeOptions(
        state=arguments.state.absolute(),
        cache=arguments.cache.absolute(),
        runtime=RuntimeKind(arguments.runtime),
        listen=arguments.listen,
        bridges={name: address for name, _, address in pairs} or None,
        node=arguments.node,
        notes=tuple(arguments.note),
        nodes=arguments.nodes,
        pve_version=arguments.pve_version,
        resources_lag=arguments.resources_lag,
        request_log=arguments.request_log,
    )
    try:
        serve(options, on_ready=lambda _info: _ready(reporter))
    except HomelabError as error:
        _failed(error, reporter)
        return 1
    except OSError as error:
        hint = f"free space below {options.state}" if error.errno == errno.ENOSPC else None
        _failed(ConfigurationError(f"the lab's server can't go on: {error}", hint=hint), reporter)
        return 1
    return 0


def _failed(error: HomelabError, reporter: _Reporter | None) -> None:
    _log.error("%s", error)
    if reporter is not None:
        known = isinstance(error, CapabilityError | ConfigurationError)
        kind = type(error).__name__ if known else "HomelabError"
        reporter.tell({"error": kind, "message": error.message, "hint": error.hint})
        reporter.finish()


def _ready(reporter: _Reporter | None) -> None:
    if reporter is not None:
        reporter.tell({"ready": True})
        reporter.finish()


if __name__ == "__main__":
    sys.exit(main())

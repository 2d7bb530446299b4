"""The lab's server as a process of its own: `python -m homelab.lab.server`."""

from __future__ import annotations

import argparse
import errno
import json
import logging
import os
import sys
from collections.abc import Mapping

from homelab.errors import CapabilityError, ConfigurationError, HomelabError
from homelab.lab.server import state_directory
from homelab.lab.server.assembly import serve
from homelab.lab.server.log import BoundedFile
from homelab.lab.server.options import ServeOptions
from homelab.options.words import add_words, from_words
from homelab.private import keep_from_others

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
    parser = argparse.ArgumentParser(prog="python -m homelab.lab.server", description=__doc__)
    add_words(parser, ServeOptions)
    parser.add_argument("--report-to", type=int, metavar="DESCRIPTOR")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """Run the server; with `--report-to` in a process of its own."""
    arguments = _arguments(words)
    keep_from_others()
    log = BoundedFile(arguments.state / state_directory.SERVER_LOG)
    logging.basicConfig(level=logging.INFO, handlers=[log])
    reporter: _Reporter | None = None
    if arguments.report_to is not None:
        if os.fork():
            return 0
        reporter = _Reporter(arguments.report_to)
        logging.getLogger("homelab").addHandler(reporter)
    options = from_words(ServeOptions, arguments)
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

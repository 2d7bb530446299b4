"""Failing, and not hanging, where something stands still."""

from __future__ import annotations

import threading
from collections.abc import Callable


def within(seconds: float, work: Callable[[], object]) -> None:
    """Do the work on a thread that is given up after `seconds`; its error is raised here."""
    errors: list[BaseException] = []

    def watched() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  (raised on the test's own thread)
            errors.append(error)

    thread = threading.Thread(target=watched, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), f"it stood still for {seconds:g} s"
    for error in errors:
        raise error

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from homelab.pytest_plugin.sharing import once


class TestOnce:
    def test_first_caller_computes(self, tmp_path: Path) -> None:
        assert once(tmp_path, "facts", lambda: "1") == "1"
        assert once(tmp_path, "facts", lambda: "2") == "1"
        assert once(tmp_path, "other", lambda: "3") == "3"

    def test_others_wait_for_the_first(self, tmp_path: Path) -> None:
        calls: list[int] = []

        def compute() -> str:
            time.sleep(0.05)
            calls.append(1)
            return "text"

        seen: list[str] = []
        threads = [
            threading.Thread(target=lambda: seen.append(once(tmp_path, "facts", compute)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert seen == ["text"] * 4
        assert calls == [1]

    def test_failure_is_not_kept(self, tmp_path: Path) -> None:
        def fail() -> str:
            raise ValueError("odd")

        with pytest.raises(ValueError, match="odd"):
            once(tmp_path, "facts", fail)

        assert once(tmp_path, "facts", lambda: "fine") == "fine"

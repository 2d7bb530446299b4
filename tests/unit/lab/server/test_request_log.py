from __future__ import annotations

from pathlib import Path

import pytest
import requests

from homelab.errors import ConfigurationError
from homelab.lab import Lab
from homelab.lab.server.request_log import RequestLog, driven, entries


def _log(path: Path, *rows: tuple[str, str, int]) -> Path:
    with RequestLog(path) as log:
        for method, where, status in rows:
            log.add(method, where, status=status, reason="OK", agent="x/1", seconds=0.01)
    return path


def test_a_log_tells_which_endpoints_were_answered(tmp_path: Path) -> None:
    path = _log(
        tmp_path / "log",
        ("GET", "/api2/json/version", 200),
        ("GET", "/api2/json/nodes/pve/lxc/100/config", 500),
        ("PUT", "/api2/json/nodes/pve/lxc/100/config/", 200),
        ("GET", "/api2/json/nodes/pve/tasks/UPID%3Apve%3A0%3A0%3A0%3Ax%3A%3Ax%3A/status", 200),
        ("GET", "/lab/faults", 200),
        ("GET", "/api2/json/nowhere", 200),
    )
    assert driven(path) == {
        ("GET", "/version"),
        ("PUT", "/nodes/{node}/lxc/{vmid}/config"),
        ("GET", "/nodes/{node}/tasks/{upid}/status"),
    }
    assert driven(path, start=3) == {("GET", "/nodes/{node}/tasks/{upid}/status")}
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="none/log"):
        RequestLog(tmp_path / "none" / "log")


def test_the_server_notes_requests_without_their_secrets(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with Lab(runtime="memory", ephemeral=True, request_log=path) as lab:
        info = lab.info()
        answer = requests.post(
            f"{info.api_url}/access/ticket?username=root%40pam",
            data={"password": info.password},
            headers={"User-Agent": "probe/1"},
            verify=info.ca_file,
            timeout=30,
        )
        ticket = answer.json()["data"]["ticket"]
        text = path.read_text(encoding="utf-8")
        assert info.password not in text
        assert ticket not in text
    (entry,) = entries(path)
    assert (entry.method, entry.path) == ("POST", "/api2/json/access/ticket")
    assert (entry.status, entry.reason, entry.agent) == (200, "OK", "probe/1")
    assert 0 < entry.seconds < entry.time


def test_refused_logins_and_long_words_fill_no_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homelab.lab.server.request_log._MOST_REFUSED", 3)
    rows = [("GET", "/" + "x" * 100_000, 401)] * 10 + [("GET", "/api2/json/version", 200)] * 5
    path = _log(tmp_path / "log", *rows)
    assert [entry.status for entry in entries(path)] == [401] * 3 + [200] * 5
    assert path.stat().st_size < 10_000


def test_a_path_is_one_line_whatever_is_in_it(tmp_path: Path) -> None:
    path = _log(tmp_path / "log", ("GET", "/\n\x1b[31m\udcff\u2028", 404))
    text = path.read_text(encoding="ascii")
    assert text.isascii()
    assert len(text.splitlines()) == 1

from __future__ import annotations

import time

import pytest
import requests
from memory_lab import client_of
from proxmoxer import AuthenticationError

from homelab.lab import Lab


def test_the_reason_phrase_is_pves_and_an_error_closes_the_connection(shared: Lab) -> None:
    info = shared.up()
    headers = {"Authorization": f"PVEAPIToken={info.token_id}={info.token_secret}"}
    with requests.Session() as session:
        session.trust_env = False
        session.verify = info.ca_file
        answer = session.get(
            f"{info.api_url}/cluster/ha/resources/100", headers=headers, timeout=10
        )
        assert (answer.status_code, answer.reason) == (500, "no such resource 'ct:100'")
        assert answer.headers["Connection"] == "close"
        assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
        assert (
            "Connection"
            not in session.get(f"{info.api_url}/version", headers=headers, timeout=10).headers
        )


def test_a_wrong_password_is_refused_after_a_while(shared: Lab) -> None:
    begin = time.monotonic()
    with pytest.raises(AuthenticationError):
        client_of(shared.up(), "password", password="wrong")
    assert time.monotonic() - begin >= 3

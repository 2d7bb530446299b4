"""The Proxmox client: how it asks proxmoxer, and how it maps its errors."""

from __future__ import annotations

from typing import Any

import proxmoxer
import pytest
import requests

from homelab.clients.proxmox import Proxmox
from homelab.errors import ApiError, ConfigurationError, UnreachableError

URL = "https://127.0.0.1:18006/api2/json"


class FakeApi:
    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def __call__(self, path: str) -> Any:
        api = self

        class Resource:
            def __getattr__(self, method: str) -> Any:
                def call(**values: Any) -> Any:
                    api.asked.append((method, path, values))
                    if isinstance(api.answer, BaseException):
                        raise api.answer
                    return api.answer

                return call

        return Resource()


def proxmox(answer: Any) -> tuple[Proxmox, FakeApi]:
    client = Proxmox(URL, token_id="root@pam!ci", token_secret="s")
    client._connected = api = FakeApi(answer)
    return client, api


def test_a_query_is_passed_on() -> None:
    client, api = proxmox([])
    assert client.resources() == ()
    assert api.asked == [("get", "cluster/resources", {"type": "vm"})]


def test_guests_are_typed_and_sorted() -> None:
    client, _ = proxmox(
        [
            {"vmid": 301, "name": "loki", "node": "pve", "type": "qemu"},
            {"vmid": 201, "name": "plex", "node": "pve", "type": "lxc", "status": "running"},
        ]
    )
    assert [guest.vmid for guest in client.resources()] == [201, 301]
    assert [guest.name for guest in client.containers()] == ["plex"]


def test_pves_own_text_is_kept() -> None:
    refused = proxmoxer.ResourceException(
        400, "Bad Request", "Parameter verification failed.", errors={"vmid": "not a number\n"}
    )
    client, _ = proxmox(refused)
    with pytest.raises(ApiError) as caught:
        client.config("pve", 201)
    assert (caught.value.status, caught.value.request) == (400, "GET /nodes/pve/lxc/201/config")
    assert caught.value.reason == "Parameter verification failed.\nvmid: not a number"


def test_a_wrong_password_is_an_api_error() -> None:
    client, _ = proxmox(proxmoxer.AuthenticationError("no"))
    with pytest.raises(ApiError, match="401 authentication failure"):
        client.version()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (requests.exceptions.ConnectionError(), "no answer"),
        (requests.exceptions.ReadTimeout(), "no answer"),
        (requests.exceptions.SSLError(), "not trusted"),
    ],
)
def test_no_answer_is_unreachable(error: Exception, message: str) -> None:
    client, _ = proxmox(error)
    with pytest.raises(UnreachableError, match=message):
        client.version()


@pytest.mark.parametrize("url", ["", "http://pve:8006", "pve:8006"])
def test_what_is_no_https_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="no https URL"):
        Proxmox(url, token_id="a!b", token_secret="c")


def test_no_credentials_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="no credentials"):
        Proxmox(URL, user="root@pam")


def test_from_environment() -> None:
    client = Proxmox.from_environment(
        {"PM_API_URL": URL, "PM_USER": "root@pam", "PM_PASS": "x", "HOMELAB_CA_FILE": "/ca.pem"}
    )
    assert client.url == URL
    assert client._options["verify_ssl"] == "/ca.pem"
    with pytest.raises(ConfigurationError, match="PM_API_URL"):
        Proxmox.from_environment({})

"""The life of a pool resource."""

from __future__ import annotations

from typing import Any

import pytest
from provider_fakes import FakeApi
from tf.iface import CreateContext, DeleteContext, ImportContext, ReadContext, UpdateContext
from tf.utils import Diagnostics

from homelab.errors import ApiError, ConfigurationError
from homelab.provider.layouts import POOL
from homelab.provider.node import Node
from homelab.provider.pool import Pool

STATE = {**POOL.empty(), "poolid": "media", "comment": "films", "id": "pools/media"}
GONE = ApiError(500, "pool 'media' does not exist", request="GET /pools/media")


def pool(answers: dict[str, Any]) -> tuple[Pool, FakeApi]:
    class Provider:
        api = FakeApi(answers)
        node = Node(api, parallel=4)

    return Pool(Provider()), Provider.api


def context(kind: Any) -> Any:
    return kind(Diagnostics(), "proxmox_pool")


def test_create() -> None:
    resource, api = pool({})
    planned = {**STATE, "id": None}
    assert resource.create(context(CreateContext), planned) == STATE
    assert api.asked == [("POST", "pools", {"poolid": "media", "comment": "films"})]


def test_read_finds_another_comment() -> None:
    resource, _ = pool({"GET pools/media": {"comment": "x", "members": []}})
    assert resource.read(context(ReadContext), STATE)["comment"] == "x"


def test_read_of_what_is_gone() -> None:
    resource, _ = pool({"GET pools/media": GONE})
    assert resource.read(context(ReadContext), STATE) is None


def test_update_and_delete() -> None:
    resource, api = pool({})
    resource.update(context(UpdateContext), STATE, {**STATE, "comment": "new"})
    resource.delete(context(DeleteContext), STATE)
    assert api.asked == [
        ("PUT", "pools/media", {"comment": "new"}),
        ("DELETE", "pools/media", {}),
    ]


def test_delete_of_what_is_gone_is_done() -> None:
    resource, _ = pool({"DELETE pools/media": GONE})
    resource.delete(context(DeleteContext), STATE)


@pytest.mark.parametrize("identity", ["media", "pools/media"])
def test_import(identity: str) -> None:
    resource, _ = pool({"GET pools/media": {"comment": "films", "members": []}})
    assert resource.import_(context(ImportContext), identity) == STATE


def test_import_of_nothing_is_an_error() -> None:
    resource, _ = pool({"GET pools/media": GONE})
    with pytest.raises(ConfigurationError, match="no pool"):
        resource.import_(context(ImportContext), "media")

"""The offline provider's schema is Telmate's, attribute by attribute."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tf.gen import tfplugin_pb2 as pb
from tf.utils import Diagnostics

from homelab.provider.application import ProxmoxProvider

REFERENCE = json.loads(
    (Path(__file__).parent / "telmate-3.0.2-rc07-schema.json").read_text(encoding="utf-8")
)
# The reference was made by removing every key named "description", and so lost the attribute of
# that name, which Telmate's provider has (its recorded requests send it).
LOST = {"proxmox_lxc": {"description": {"optional": True, "type": "string"}}}


def plain(block: Any) -> dict[str, Any]:
    """A schema block in the form of `terraform providers schema -json`."""
    result: dict[str, Any] = {}
    if block.attributes:
        result["attributes"] = {item.name: attribute(item) for item in block.attributes}
    if block.block_types:
        result["block_types"] = {item.type_name: nested(item) for item in block.block_types}
    return result


def attribute(item: Any) -> dict[str, Any]:
    flags = ("required", "optional", "computed", "sensitive")
    return {
        "type": json.loads(item.type),
        **{flag: True for flag in flags if getattr(item, flag)},
    }


def nested(item: Any) -> dict[str, Any]:
    name = pb.Schema.NestedBlock.NestingMode.Name(item.nesting).lower()
    result = {"block": plain(item.block), "nesting_mode": name}
    if item.max_items:
        result["max_items"] = item.max_items
    return result


def test_provider_block_is_telmates() -> None:
    schema = ProxmoxProvider({}).get_provider_schema(Diagnostics()).to_pb()
    assert plain(schema.block) == REFERENCE["provider"]["block"]


@pytest.mark.parametrize("resource", ProxmoxProvider({}).get_resources(), ids=lambda r: r.__name__)
def test_resource_is_telmates(resource: Any) -> None:
    name = f"proxmox_{resource.get_name()}"
    expected = json.loads(json.dumps(REFERENCE["resource_schemas"][name]["block"]))
    expected["attributes"] |= LOST.get(name, {})
    assert plain(resource.get_schema().to_pb().block) == expected

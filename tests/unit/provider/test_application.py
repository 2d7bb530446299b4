from __future__ import annotations

import json
from pathlib import Path

import pytest
from tf.gen import tfplugin_pb2 as pb
from tf.utils import to_dynamic_value

from homelab.provider.application import ProxmoxProvider
from homelab.provider.servicer import Servicer

REFERENCE = json.loads(
    (Path(__file__).parent / "telmate-3.0.2-rc07-schema.json").read_text(encoding="utf-8")
)


def test_no_resource_is_missing() -> None:
    ours = {f"proxmox_{resource.get_name()}" for resource in ProxmoxProvider({}).get_resources()}
    assert ours == REFERENCE["resource_schemas"].keys()


@pytest.mark.parametrize("environment", [{}, {"PM_API_URL": "https://127.0.0.1:1"}])
def test_the_offline_provider_names_itself_and_what_is_missing(environment: dict[str, str]) -> None:
    request = pb.ConfigureProvider.Request(config=to_dynamic_value({}))
    response = Servicer(ProxmoxProvider(environment)).ConfigureProvider(request, None)
    warning, error = response.diagnostics
    assert "offline provider" in warning.summary
    assert "Proxmox VE" in error.summary

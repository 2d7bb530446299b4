"""A node's own CA, named by `ca_file`, is trusted by programs in Go, as Telmate's provider is one.

Terraform is such a program: its http backend asks the lab over TLS, and is refused for want of
credentials only when it trusts the lab's certificate.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from homelab import settings
from homelab.clients.terraform.binary import find_terraform
from homelab.lab.lab import Lab
from homelab.operations.target.target import open_target
from homelab.process import run
from homelab.settings import Environment

_BACKEND = """
terraform {{
  backend "http" {{
    address   = "{url}/version"
    retry_max = 0
  }}
}}
"""


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside-another-ca"])
def test_terraform_trusts_the_targets_ca(tmp_path: Path, *, beside: bool) -> None:
    with Lab(state=tmp_path / "lab", runtime="memory", listen="127.0.0.1:0", ephemeral=True) as lab:
        info, names = lab.info(), lab.env()
        given = {
            "PM_API_TOKEN_ID": names["PM_API_TOKEN_ID"],
            "PM_API_TOKEN_SECRET": names["PM_API_TOKEN_SECRET"],
        }
        if beside:
            with Lab(runtime="memory", ephemeral=True) as other:
                (tmp_path / "other.pem").write_bytes(Path(other.info().ca_file).read_bytes())
            given["SSL_CERT_FILE"] = str(tmp_path / "other.pem")
        (tmp_path / "homelab.toml").write_text(
            f'[targets.production]\nkind = "proxmox"\napi_url = "{info.api_url}"\n'
            f'ca_file = "{info.ca_file}"\n'
        )
        loaded = settings.load(tmp_path, environment=Environment.read(given))
        target = open_target(loaded, "production")
        directory = tmp_path / "stack"
        directory.mkdir()
        (directory / "main.tf").write_text(_BACKEND.format(url=info.api_url))
        command = [find_terraform(tmp_path).path, f"-chdir={directory}", "init", "-no-color"]

        trusting = run(command, env=dict(target.environment), expected=(1,)).stderr
        strange = run(command, env={**given, "SSL_CERT_FILE": "/nowhere.pem"}, expected=(1,)).stderr

    assert "requires auth" in trusting
    assert "certificate" in strange

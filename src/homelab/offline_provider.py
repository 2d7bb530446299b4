"""The filesystem mirror from which Terraform installs the offline provider.

The package that Terraform checks against .terraform.lock.hcl is one script whose content is the
same on every machine; what differs (the interpreter) lies beside the package.
"""

from __future__ import annotations

import base64
import hashlib
import platform
import shlex
import sys
from pathlib import Path

from homelab.files import replace_file

ADDRESS = "registry.terraform.io/telmate/proxmox"
VERSION = "3.0.2-rc07"

EXECUTABLE = f"terraform-provider-proxmox_v{VERSION}"

SCRIPT = """\
#!/bin/sh
# homelab's offline provider; it stands in for telmate/proxmox.
mirror=$(dirname "$(readlink -f "$0")")/../../../../..
exec "$mirror/python" -P -m homelab.provider "$mirror/certificate.pem"
"""

_MARK = "# Written by homelab"

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def write_mirror(directory: Path) -> Path:
    """Write the mirror below `directory`, unless it is there, and return Terraform's CLI config file.

    Pass that file to Terraform as TF_CLI_CONFIG_FILE.
    """
    root = directory.resolve()
    package = root / ADDRESS / VERSION / f"linux_{architecture()}"
    package.mkdir(parents=True, exist_ok=True)
    _write(package / EXECUTABLE, SCRIPT, mode=0o755)
    _write(root / "python", f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', mode=0o755)
    config = root / "terraform.rc"
    _write(config, _cli_config(root), mode=0o644)
    return config


def package_hash() -> str:
    """The package's hash as .terraform.lock.hcl holds it (`h1:`, over the one file in it)."""
    digest = hashlib.sha256(SCRIPT.encode()).hexdigest()
    listing = f"{digest}  {EXECUTABLE}\n".encode()
    return "h1:" + base64.b64encode(hashlib.sha256(listing).digest()).decode()


def architecture() -> str:
    """The machine's architecture as Terraform calls it."""
    machine = platform.machine().lower()
    return _ARCHITECTURES.get(machine, machine)


def serves_offline(config_file: str | None) -> bool:
    """Whether a CLI config file is one that `write_mirror` wrote."""
    path = Path(config_file or "")
    return path.is_file() and path.read_text(encoding="utf-8", errors="replace").startswith(_MARK)


def _cli_config(root: Path) -> str:
    return f"""\
{_MARK}; telmate/proxmox comes from here, every other provider from where it always does.
disable_checkpoint = true

provider_installation {{
  filesystem_mirror {{
    path    = "{root}"
    include = ["{ADDRESS}"]
  }}
  direct {{
    exclude = ["{ADDRESS}"]
  }}
}}
"""


def _write(path: Path, text: str, *, mode: int) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        replace_file(path, text, mode=mode, by_several=True)

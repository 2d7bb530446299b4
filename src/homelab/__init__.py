"""Test a Proxmox homelab end to end, with real containers and without Proxmox.

```python
from homelab import Lab, Terraform, Topology, deploy, policy, probes

topology = Topology.load("terraform")
with Lab() as lab:
    plan = Terraform("terraform", target=lab).plan()
    policy.evaluate(plan, topology).raise_for_violations()
    deploy(plan, target=lab)
    probes.run(topology, target=lab).raise_for_failures()
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from homelab import policy, probes
    from homelab.clients.terraform.client import Terraform
    from homelab.lab import Lab
    from homelab.model import Topology
    from homelab.operations.deploy import deploy

__all__ = ["Lab", "Terraform", "Topology", "deploy", "policy", "probes"]

_MODULES = {
    "Lab": "homelab.lab",
    "Terraform": "homelab.clients.terraform.client",
    "Topology": "homelab.model",
    "deploy": "homelab.operations.deploy",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `import homelab` stays quick."""
    from importlib import import_module

    if name in _MODULES:
        value: object = getattr(import_module(_MODULES[name]), name)
    elif name in __all__:
        value = import_module(f"homelab.{name}")
    else:
        raise AttributeError(f"module 'homelab' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

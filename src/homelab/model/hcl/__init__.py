"""The topology from HCL, without running Terraform."""

from homelab.model.hcl.declared import Declared, Expression, Place, declared
from homelab.model.hcl.loading import load

__all__ = ["Declared", "Expression", "Place", "declared", "load"]

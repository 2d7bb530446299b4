"""The topology from HCL, without running Terraform."""

from homelab.model.hcl.loading import load

__all__ = ["load"]

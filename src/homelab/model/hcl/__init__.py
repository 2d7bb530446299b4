"""What terraform/ says, read without running Terraform."""

from homelab.model.hcl.declared import Declared, Expression, Place
from homelab.model.hcl.reading import declared

__all__ = ["Declared", "Expression", "Place", "declared"]

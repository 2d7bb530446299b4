"""What terraform/ says, read without running Terraform."""

from homelab.model.hcl.declared import Declared, Expression, SourceLine
from homelab.model.hcl.reading import declared

__all__ = ["Declared", "Expression", "SourceLine", "declared"]

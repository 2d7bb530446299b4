"""A module's interface, read from HCL."""

from __future__ import annotations

from pathlib import Path

import pytest

from homelab.errors import TopologyError
from homelab.model.hcl.modules import read_module

SOURCE = """
variable "size" {
  description = "How large."
  type        = number
  default     = 3

  validation {
    condition     = var.size > 0
    error_message = "size must be positive."
  }

  validation {
    condition     = var.size < 9
    error_message = "size must be small."
  }
}

variable "entry" {
  type = object({
    name = string
    tags = optional(list(object({
      key = string
    })), [])
  })
}

variable "anything" {
  default = null
}

output "secret" {
  value     = var.size
  sensitive = true
}

resource "null_resource" "this" {}
"""


def test_interface_is_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(SOURCE)

    module = read_module(tmp_path)

    anything, entry, size = module.variables
    assert (size.type, size.default) == ("number", "3")
    assert size.rules == ("size must be positive.", "size must be small.")
    assert entry.default is None
    assert entry.type.splitlines() == [
        "object({",
        "  name = string",
        "  tags = optional(list(object({",
        "    key = string",
        "  })), [])",
        "})",
    ]
    assert (anything.type, anything.default) == ("any", "null")
    assert module.outputs[0].sensitive
    assert module.resources == ("null_resource",)


def test_what_is_no_hcl_is_named(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("variable {")

    with pytest.raises(TopologyError, match=r"main\.tf"):
        read_module(tmp_path)

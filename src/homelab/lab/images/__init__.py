"""Container templates: built from `images/*.toml` once, and kept by content."""

from __future__ import annotations

from homelab.lab.images.cache import BuiltTemplate, ensure_templates
from homelab.lab.images.definition import TemplateDefinition, load_definitions

__all__ = ["BuiltTemplate", "TemplateDefinition", "ensure_templates", "load_definitions"]

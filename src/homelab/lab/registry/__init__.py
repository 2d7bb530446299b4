"""The lab's image registry, and the service images in it."""

from __future__ import annotations

from homelab.lab.registry.service_images import (
    ImageMode,
    ServiceImage,
    ensure_service_images,
    read_service_images,
)

__all__ = ["ImageMode", "ServiceImage", "ensure_service_images", "read_service_images"]

"""What keeps the volumes of the lab's storages: btrfs, ext4 images, or plain directories."""

from __future__ import annotations

from homelab.lab.volumes.backend import VolumeBackend
from homelab.lab.volumes.directories import Directories
from homelab.lab.volumes.pool import Pool
from homelab.lab.volumes.raw_images import RawImages
from homelab.lab.volumes.subvolumes import Subvolumes

__all__ = ["Directories", "Pool", "RawImages", "Subvolumes", "VolumeBackend"]

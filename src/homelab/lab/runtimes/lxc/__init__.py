"""The lxc runtime: real unprivileged containers in a node's own namespaces."""

from __future__ import annotations

from homelab.lab.runtimes.lxc.runtime import LxcRuntime

__all__ = ["LxcRuntime"]

"""Choosing and making the runtime: by what was asked, by what the state holds, by the machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from homelab.errors import CapabilityError, ConfigurationError
from homelab.lab.runtime import ContainerRuntime, RuntimeKind
from homelab.lab.runtimes.memory import MemoryRuntime
from homelab.lab.state.database import State
from homelab.options.declared import RuntimeChoice
from homelab.process import find_program

RUNTIME_KEY = "runtime"
_PROGRAMS = ("lxc-start", "mmdebstrap", "newuidmap", "nsenter")


class NodeRuntime(ContainerRuntime, Protocol):
    """A runtime whose node can be removed with everything of it."""

    def destroy_node(self) -> None:
        """Remove processes, mounts, groups and files; nothing happens when there is no node."""


def choose(requested: RuntimeChoice, state: State | None) -> tuple[RuntimeKind, tuple[str, ...]]:
    """The runtime to use, and what to say about the choice.

    Raises:
        ConfigurationError: the lab's containers belong to another runtime.
        CapabilityError: the runtime asked for can't work here.
    """
    recorded = None if state is None else state.meta(RUNTIME_KEY)
    kept = RuntimeKind(recorded) if recorded and state is not None and state.vmids() else None
    if requested == "auto":
        if kept is not None:
            return _possible(kept), ()
        missing = _missing()
        if not missing:
            return RuntimeKind.LXC, ()
        return RuntimeKind.MEMORY, (f"the lxc runtime was not chosen: {missing}",)
    wanted = RuntimeKind(requested)
    if kept is not None and kept is not wanted:
        raise ConfigurationError(
            f"the lab's containers belong to the runtime {kept}, and {wanted} was asked for",
            hint="remove the lab with 'homelab lab destroy', or use another --state",
        )
    return _possible(wanted), ()


def make(kind: RuntimeKind, *, state: Path, cache: Path, node: str) -> NodeRuntime:
    """The runtime on a state directory; nothing is started."""
    if kind is RuntimeKind.MEMORY:
        return MemoryRuntime(state)
    from homelab.lab.runtimes.lxc import LxcRuntime

    return LxcRuntime(state, cache, node)


def _possible(kind: RuntimeKind) -> RuntimeKind:
    missing = _missing() if kind is RuntimeKind.LXC else None
    if missing:
        raise CapabilityError(
            f"the lxc runtime can't work here: {missing}",
            hint="run 'sudo homelab doctor --fix', or choose --runtime memory",
        )
    return kind


def _missing() -> str | None:
    if os.geteuid() != 0:
        return "it needs root"
    absent = [program for program in _PROGRAMS if find_program(program) is None]
    return f"not installed: {', '.join(absent)}" if absent else None

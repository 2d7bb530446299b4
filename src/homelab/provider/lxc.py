"""The resource `proxmox_lxc`: a container, made and changed through PVE's API."""

# ruff: noqa: ARG002 - signatures are the framework's
from __future__ import annotations

import logging
from typing import Any

from tf import iface
from tf.schema import Schema
from tf.utils import Diagnostics

from homelab.errors import ApiError, ConfigurationError, HomelabError, TaskError, UnreachableError
from homelab.provider.diagnostics import report
from homelab.provider.fields import State
from homelab.provider.layouts import LXC
from homelab.provider.lxc_state import read_state
from homelab.provider.node import NodeSource
from homelab.pve.guest_change import Impact, Step, Verb
from homelab.pve.sizes import gibibytes
from homelab.pve.telmate.parameters import Update, create_parameters, update_changes

_log = logging.getLogger(__name__)

_FOREIGN = ("clone", "clone_storage", "hagroup", "hastate")


class Lxc(iface.Resource):  # type: ignore[misc]
    """A container."""

    layout = LXC

    def __init__(self, provider: NodeSource) -> None:
        self._provider = provider

    @classmethod
    def get_name(cls) -> str:
        return "lxc"

    @classmethod
    def get_schema(cls) -> Schema:
        return LXC.schema()

    def validate(self, diags: Diagnostics, type_name: str, config: State) -> None:
        for name in _FOREIGN:
            if config.get(name):
                diags.add_error(
                    f"{type_name}.{name} is not offered by the offline provider",
                    "Use Telmate's provider for it.",
                    path=[name],
                )
        for group in ("rootfs", "mountpoint"):
            volumes = config.get(group)
            for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
                size = volume.get("size") if isinstance(volume, dict) else None
                if isinstance(size, str):
                    _check_size(diags, size, [group, (index,), "size"])

    def create(self, ctx: iface.CreateContext, planned: State) -> State | None:
        node = self._provider.node
        name = planned.get("target_node")
        if not name:
            raise ConfigurationError(
                "target_node is not set", hint="name the node that the container goes to"
            )
        with node.slots:
            vmid = planned.get("vmid") or int(node.api.get("cluster/nextid"))
            body = create_parameters({**planned, "vmid": vmid})
            try:
                node.api.run("POST", f"nodes/{name}/lxc", body)
            except (TaskError, UnreachableError) as error:
                is_cut_off = isinstance(error, UnreachableError)
                left = None if is_cut_off else self._clear(name, vmid, body)
                raise _CreateError(error, left) from error
            config = node.config(name, vmid)
        if config is None:
            raise ApiError(
                500, f"container {vmid} is gone right after its creation", request="create"
            )
        return read_state(planned, config, node=name, vmid=vmid, pool=planned.get("pool"))

    def read(self, ctx: iface.ReadContext, current: State) -> State | None:
        node = self._provider.node
        home, vmid = parse_id(current["id"])
        with node.slots:
            guest = node.guest(vmid)
            home = str(guest.get("node", home))
            config = node.config(home, vmid)
        if config is None:
            return None
        pool = guest.get("pool") if guest else current.get("pool")
        return read_state(current, config, node=home, vmid=vmid, pool=pool)

    def update(self, ctx: iface.UpdateContext, current: State, planned: State) -> State | None:
        node = self._provider.node
        home, vmid = parse_id(current["id"])
        update = update_changes(current, planned)
        for step in update.steps:
            if step.impact is Impact.REFUSED:
                raise ConfigurationError(
                    f"container {vmid}: PVE can't change '{step.option}' of an existing container",
                    hint="let Terraform replace it: terraform apply -replace=ADDRESS",
                )
        with node.slots:
            failure: HomelabError | None = None
            try:
                self._change(home, vmid, update)
            except HomelabError as error:
                failure = error
            config = node.config(home, vmid)
        if config is None:
            if failure is not None:
                raise failure
            return None
        if failure is not None:
            report(ctx.diagnostics, f"{ctx.type_name} {vmid}", failure)
            planned = {**planned, "start": current.get("start"), "pool": current.get("pool")}
        pool = planned.get("pool")
        return read_state(planned, config, node=home, vmid=vmid, pool=pool)

    def delete(self, ctx: iface.DeleteContext, current: State) -> None:
        node = self._provider.node
        home, vmid = parse_id(current["id"])
        with node.slots:
            config = node.config(home, vmid)
            if config is None:
                return
            if str(config.get("protection", 0)) == "1":
                raise ConfigurationError(
                    f"container {vmid} is protected (protection = true) and is not removed",
                    hint="set protection = false and apply first",
                )
            node.destroy(home, vmid)

    def import_(self, ctx: iface.ImportContext, id: str) -> State | None:  # noqa: A002
        node = self._provider.node
        if id.isdecimal():
            home, vmid = str(node.guest(int(id)).get("node", "")), int(id)
        else:
            home, vmid = parse_id(id)
        config = node.config(home, vmid) if home else None
        if config is None:
            raise ConfigurationError(
                f"there is no container {id} to import",
                hint="the form is NODE/lxc/VMID, such as pve/lxc/201",
            )
        state = read_state(
            {}, config, node=home, vmid=vmid, pool=node.guest(vmid).get("pool"), imported=True
        )
        return {**state, "start": node.is_running(home, vmid)}

    def _clear(self, node: str, vmid: int, body: dict[str, Any]) -> str | None:
        """Remove what a failed create left, so that the next apply begins anew; says what it did."""
        if body.get("force") or body.get("restore"):
            return None
        try:
            config = self._provider.node.config(node, vmid)
            if config is None or config.get("hostname") != body.get("hostname"):
                return None
            if str(config.get("protection", 0)) == "1":
                path = f"nodes/{node}/lxc/{vmid}/config"
                self._provider.node.api.request("PUT", path, {"protection": 0})
            self._provider.node.destroy(node, vmid)
        except HomelabError as error:
            return f"What it left could not be removed: {error.message}"
        return f"The container {vmid} that it left was removed; the next apply makes it anew."

    def _change(self, node: str, vmid: int, update: Update) -> None:
        api, base = self._provider.node.api, f"nodes/{node}/lxc/{vmid}"
        for volume, storage in update.move.items():
            api.run("POST", f"{base}/move_volume", {"volume": volume, "storage": storage})
        for disk, size in update.resize.items():
            api.run("PUT", f"{base}/resize", {"disk": disk, "size": size})
        body = update.config()
        if body:
            api.request("PUT", f"{base}/config", body)
        for step in update.of(Verb.POOL):
            self._move_to_pool(vmid, step)
        for step in update.of(Verb.START, Verb.STOP):
            self._provider.node.power(node, vmid, on=step.verb is Verb.START)

    def _move_to_pool(self, vmid: int, step: Step) -> None:
        api = self._provider.node.api
        if step.known:
            api.request("PUT", f"pools/{step.known}", {"vms": vmid, "delete": 1})
        if step.wanted:
            api.request("PUT", f"pools/{step.wanted}", {"vms": vmid})


class _CreateError(HomelabError):
    """A create failed after PVE had accepted it; says what became of the remains."""

    def __init__(self, error: HomelabError, left: str | None) -> None:
        super().__init__(f"{error.message}\n{left}" if left else error.message, hint=error.hint)


def parse_id(text: str) -> tuple[str, int]:
    """The node and vmid in a resource's id, such as pve/lxc/201.

    Raises:
        ConfigurationError: it has another form.
    """
    parts = text.split("/")
    if len(parts) != 3 or parts[1] != "lxc" or not parts[2].isdecimal():
        raise ConfigurationError(
            f"{text!r} is not the id of a container", hint="the form is NODE/lxc/VMID"
        )
    return parts[0], int(parts[2])


def _check_size(diags: Diagnostics, size: str, path: list[Any]) -> None:
    try:
        gibibytes(size)
    except ValueError as error:
        diags.add_error("disk size must end in T, G, M, or K", str(error), path=path)

"""The resource `proxmox_pool`: a pool of guests."""

# ruff: noqa: ARG002 - signatures are the framework's
from __future__ import annotations

from tf import iface
from tf.schema import Schema
from tf.utils import Diagnostics

from homelab.errors import ApiError, ConfigurationError
from homelab.provider.fields import State
from homelab.provider.layouts import POOL
from homelab.provider.node import NodeSource, is_missing

_PREFIX = "pools/"


class Pool(iface.Resource):  # type: ignore[misc]
    """A pool."""

    layout = POOL

    def __init__(self, provider: NodeSource) -> None:
        self._provider = provider

    @classmethod
    def get_name(cls) -> str:
        return "pool"

    @classmethod
    def get_schema(cls) -> Schema:
        return POOL.schema()

    def validate(self, diags: Diagnostics, type_name: str, config: State) -> None:
        """Everything that the schema does not say is PVE's to judge."""

    def create(self, ctx: iface.CreateContext, planned: State) -> State | None:
        name = planned["poolid"]
        body = {"poolid": name, "comment": planned.get("comment") or ""}
        with self._provider.node.slots:
            self._provider.node.api.request("POST", "pools", body)
        return {**planned, "id": f"{_PREFIX}{name}"}

    def read(self, ctx: iface.ReadContext, current: State) -> State | None:
        name = current["id"].removeprefix(_PREFIX)
        with self._provider.node.slots:
            pool = self._provider.node.find(f"pools/{name}")
        if pool is None:
            return None
        comment = pool.get("comment", "")
        if not comment and not current.get("comment"):
            comment = current.get("comment")
        return {**current, "id": f"{_PREFIX}{name}", "poolid": name, "comment": comment}

    def update(self, ctx: iface.UpdateContext, current: State, planned: State) -> State | None:
        body = {"comment": planned.get("comment") or ""}
        with self._provider.node.slots:
            self._provider.node.api.request("PUT", f"pools/{planned['poolid']}", body)
        return planned

    def delete(self, ctx: iface.DeleteContext, current: State) -> None:
        try:
            with self._provider.node.slots:
                self._provider.node.api.request("DELETE", f"pools/{current['poolid']}")
        except ApiError as error:
            if not is_missing(error):
                raise

    def import_(self, ctx: iface.ImportContext, id: str) -> State | None:  # noqa: A002
        context = iface.ReadContext(ctx.diagnostics, ctx.type_name)
        state = self.read(context, {**POOL.empty(), "id": id})
        if state is None:
            raise ConfigurationError(
                f"there is no pool {id} to import", hint="the form is POOL or pools/POOL"
            )
        return state

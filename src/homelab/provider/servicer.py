"""Terraform's side of the protocol: planning with defaults and unknowns, errors as diagnostics.

The framework's own planning knows neither defaults of plain attributes nor nested computed ones,
and lets an exception end a call without a word to the user.
"""

# ruff: noqa: ARG002 - signatures are gRPC's
from __future__ import annotations

import threading
from typing import Any

from tf.gen import tfplugin_pb2 as pb
from tf.iface import CreateContext, DeleteContext, ImportContext, ReadContext, UpdateContext
from tf.provider import ProviderServicer, _decode_state, _encode_state
from tf.types import Unknown
from tf.utils import Diagnostics, _to_attribute_path

from homelab.errors import HomelabError
from homelab.provider.application import ProxmoxProvider
from homelab.provider.diagnostics import report
from homelab.provider.fields import State
from homelab.provider.planning import plan


class Servicer(ProviderServicer):  # type: ignore[misc]
    """Answers Terraform's calls."""

    def __init__(self, provider: ProxmoxProvider) -> None:
        super().__init__(provider)
        self.stopping = threading.Event()

    def GetProviderSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        response = super().GetProviderSchema(request, context)
        response.server_capabilities.get_provider_schema_optional = True
        return response

    def PlanResourceChange(self, request: Any, context: Any) -> Any:  # noqa: N802
        diags = Diagnostics()
        resource, attrs, blocks = self._resource(request.type_name)
        _, prior = _decode_state(diags, attrs, blocks, request.prior_state)
        _, proposed = _decode_state(diags, attrs, blocks, request.proposed_new_state)
        if diags.has_errors() or proposed is None:
            return pb.PlanResourceChange.Response(
                planned_state=request.proposed_new_state, diagnostics=diags.to_pb()
            )
        planned, replaced = plan(resource.layout, prior, proposed)
        # Telmate's provider is built on the older SDK, whose defaults appear in plans although the
        # configuration leaves them out; this flag is what allows that.
        return pb.PlanResourceChange.Response(
            planned_state=_encode_state(attrs, blocks, planned, None),
            requires_replace=[_to_attribute_path(path) for path in replaced],
            diagnostics=diags.to_pb(),
            legacy_type_system=True,
        )

    def ApplyResourceChange(self, request: Any, context: Any) -> Any:  # noqa: N802
        diags = Diagnostics()
        resource, attrs, blocks = self._resource(request.type_name)
        _, prior = _decode_state(diags, attrs, blocks, request.prior_state)
        _, planned = _decode_state(diags, attrs, blocks, request.planned_state)
        state: State | None = prior
        if not diags.has_errors():
            wanted = _known(planned)
            try:
                if prior is None:
                    state = resource.create(CreateContext(diags, request.type_name), wanted)
                elif planned is None:
                    resource.delete(DeleteContext(diags, request.type_name), prior)
                    state = None
                else:
                    context_ = UpdateContext(diags, request.type_name)
                    state = resource.update(context_, prior, wanted)
            except HomelabError as error:
                report(diags, _subject(request.type_name, wanted or prior), error)
        return pb.ApplyResourceChange.Response(
            new_state=_encode_state(attrs, blocks, state, None),
            diagnostics=diags.to_pb(),
            legacy_type_system=True,
        )

    def ReadResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        diags = Diagnostics()
        resource, attrs, blocks = self._resource(request.type_name)
        _, current = _decode_state(diags, attrs, blocks, request.current_state)
        state = current
        if not diags.has_errors() and current is not None:
            try:
                state = resource.read(ReadContext(diags, request.type_name), current)
            except HomelabError as error:
                report(diags, _subject(request.type_name, current), error)
        return pb.ReadResource.Response(
            new_state=_encode_state(attrs, blocks, state, None), diagnostics=diags.to_pb()
        )

    def ImportResourceState(self, request: Any, context: Any) -> Any:  # noqa: N802
        diags = Diagnostics()
        resource, attrs, blocks = self._resource(request.type_name)
        imported = []
        try:
            state = resource.import_(ImportContext(diags, request.type_name), request.id)
            encoded = _encode_state(attrs, blocks, state, None)
            imported = [
                pb.ImportResourceState.ImportedResource(type_name=request.type_name, state=encoded)
            ]
        except HomelabError as error:
            report(diags, f"{request.type_name} {request.id}", error)
        return pb.ImportResourceState.Response(
            imported_resources=imported, diagnostics=diags.to_pb()
        )

    def StopProvider(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Let what is under way finish: a task that PVE has begun goes on there in any case."""
        self.stopping.set()
        return pb.StopProvider.Response()

    def _resource(self, type_name: str) -> tuple[Any, Any, Any]:
        resource = self.app.new_resource(self._get_res_cls(type_name))
        return resource, self._get_res_attrs(type_name), self._get_res_blocks(type_name)


def _known(value: Any) -> Any:
    """A state in which what is unknown is unset."""
    if value is Unknown:
        return None
    if isinstance(value, dict):
        return {name: _known(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_known(part) for part in value]
    return value


def _subject(type_name: str, state: State | None) -> str:
    """How an error names a resource: `proxmox_lxc 201 (plex)`."""
    values = state or {}
    number = values.get("vmid") or values.get("poolid") or ""
    name = f" ({values['hostname']})" if values.get("hostname") else ""
    return f"{type_name} {number}{name}"

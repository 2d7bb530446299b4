"""The topology from the outputs in Terraform's state: `terraform output -json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from homelab.errors import TopologyError
from homelab.model.documents import topology_from_document

if TYPE_CHECKING:
    from homelab.model.topology import Topology

OUTPUT = "topology"


def topology_from_outputs(outputs: Mapping[str, Any]) -> Topology:
    """The topology of `terraform output -json`, or of `terraform output -json topology`.

    Raises:
        TopologyError: there is no such output, or it holds something else.
    """
    if "schema" in outputs and "containers" in outputs:
        return topology_from_document(outputs)
    return topology_from_document(output_value(outputs, "the outputs"))


def output_value(outputs: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """The value of the output, out of objects that carry `value`."""
    output = outputs.get(OUTPUT)
    value = output.get("value") if isinstance(output, Mapping) else None
    if not isinstance(value, Mapping):
        raise TopologyError(
            [f"{where} hold no value of the output {OUTPUT!r}"],
            hint="apply first: an empty state and a plan that destroys have no outputs",
        )
    return value

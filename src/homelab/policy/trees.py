"""A subject from a tree's HCL, also from one that contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from homelab.model.changes import mapping
from homelab.model.hcl import Declared, Expression
from homelab.policy import reading
from homelab.policy.documents import networks_of, objects, sequence
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN

_NOTHING: Mapping[str, str] = {}
_FIREWALL_MODULE = ("modules", "firewall-rules")


def subject_from_tree(tree: Declared, variables: Mapping[str, str] = _NOTHING) -> Subject:
    """What a tree declares, as far as it could be read; `variables` are the root module's."""
    values = tree.variable_values(variables)
    containers = {name: _with_unknowns(raw) for name, raw in tree.containers.items()}
    networks = {name: _with_unknowns(raw) for name, raw in tree.networks.items()}
    for raw in containers.values():
        _resolve(raw, networks)
    provider = _file_values(tree, "providers.tf").get("provider")
    module = tree.directory.joinpath(*_FIREWALL_MODULE, "variables.tf")
    firewall = mapping(tree.files[module].values.get("variable")) if module in tree.files else {}
    default = mapping(firewall.get("inbound_policy")).get("default", UNKNOWN)
    return Subject(
        networks=networks_of(networks),
        guests=[reading.guest(name, raw, values) for name, raw in containers.items()],
        firewall=reading.rules(list(_firewall(containers))),
        firewall_policy=reading.text(default),
        tls_insecure=reading.flag(values.get("tls_insecure")),
        provider=mapping(mapping(provider).get("proxmox")),
    )


def _firewall(containers: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for name, raw in containers.items():
        for port in objects(mapping(raw.get("service")).get("ports")):
            for source in sequence(port.get("sources")):
                yield {
                    "container": name,
                    "source": source,
                    "port": port.get("port"),
                    "protocol": port.get("protocol"),
                }


def _resolve(raw: dict[str, Any], networks: Mapping[str, Mapping[str, Any]]) -> None:
    """Fill in what modules/lxc-container works out: tags, interface names, gateways."""
    gateways = {str(net.get("bridge")): net.get("gateway") for net in networks.values()}
    tags = raw.get("tags")
    if isinstance(tags, list):
        raw["tags"] = [*tags, raw.get("category")]
    for index, nic in enumerate(objects(raw.get("networks"))):
        if isinstance(nic, dict):
            nic["name"] = nic.get("name") or f"eth{index}"
            if nic.get("gateway") is None and index == 0:
                nic["gateway"] = gateways.get(str(nic.get("bridge")))


def _with_unknowns(value: Any) -> Any:
    if isinstance(value, Expression):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: _with_unknowns(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_unknowns(item) for item in value]
    return value


def _file_values(tree: Declared, name: str) -> Mapping[str, Any]:
    file = tree.files.get(tree.directory / name)
    return {} if file is None else file.values

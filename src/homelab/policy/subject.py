"""The whole that rules judge: what will be, what changes, and what the target allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from homelab.model.changes import Change
from homelab.policy.capacity import Capacity
from homelab.policy.values import (
    UNKNOWN,
    UNKNOWN_SERVICE,
    GuestView,
    NetworkView,
    NicView,
    PortView,
    RuleView,
    ServiceView,
    Text,
    Unknown,
)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Networks, containers, firewall and changes; `changes` is None where no plan was made."""

    networks: Sequence[NetworkView] = ()
    guests: Sequence[GuestView] = ()
    firewall: Sequence[RuleView] | Unknown = ()
    firewall_policy: Text = UNKNOWN
    """What happens to inbound packets that no rule accepts: DROP, REJECT or ACCEPT."""
    resources: Sequence[Change] = ()
    """What the plan says about each resource, also of those that it leaves alone."""
    changes: Sequence[Change] | None = None
    is_partial: bool = False
    """Whether there are networks or containers of which nothing is known yet, not even names."""
    tls_insecure: bool | Unknown = False
    provider: Mapping[str, Any] = field(default_factory=dict)
    """The provider block's arguments that are literal."""
    capacity: Capacity = field(default_factory=Capacity)
    may_lose: frozenset[str] | None = None
    """Containers that may be deleted or replaced; None for any (the lab)."""
    protect: bool | Unknown = True
    """Whether the protection that entries declare is applied (Terraform's variable `protect`)."""
    token: bool | None = None
    """Whether the API is used with a token; None when nothing is known about it."""

    @cached_property
    def by_name(self) -> Mapping[str, GuestView]:
        """The containers by name."""
        return {guest.name: guest for guest in self.guests}

    @cached_property
    def nics(self) -> Sequence[tuple[GuestView, NicView | Unknown]]:
        """Every interface with its container; `UNKNOWN` once where a container's are not known."""
        return [
            (guest, nic)
            for guest in self.guests
            for nic in ((UNKNOWN,) if guest.nics is UNKNOWN else guest.nics)
        ]

    @cached_property
    def ports(self) -> Sequence[tuple[GuestView, PortView | Unknown]]:
        """Every published port with its container; `UNKNOWN` as in `nics`."""
        return [
            (guest, port)
            for guest, service in self.services
            for port in ((UNKNOWN,) if service.ports is UNKNOWN else service.ports)
        ]

    @cached_property
    def services(self) -> Sequence[tuple[GuestView, ServiceView]]:
        """The containers with a service; of one that is not known, every part is not."""
        return [
            (guest, UNKNOWN_SERVICE if guest.service is UNKNOWN else guest.service)
            for guest in self.guests
            if guest.service is not None
        ]

    @cached_property
    def by_bridge(self) -> Mapping[str, NetworkView]:
        """The networks by bridge."""
        return {
            network.bridge: network for network in self.networks if network.bridge is not UNKNOWN
        }

    @cached_property
    def has_unknown_bridge(self) -> bool:
        """Whether a network's bridge is not known yet."""
        return self.is_partial or any(network.bridge is UNKNOWN for network in self.networks)

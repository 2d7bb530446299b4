"""From steps to the parameters of PVE's create, resize, move and config calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from homelab.pve.guest_change import Step, Verb
from homelab.pve.guest_config import index_of
from homelab.pve.sizes import gibibytes
from homelab.pve.tags import split_tags
from homelab.pve.telmate.attributes import ONLY_AT_CREATION, VOLUME_FLAGS, is_unset
from homelab.pve.telmate.steps import creation_steps, update_steps

Parameters = dict[str, str | int]

_NETWORK_KEYS = (
    *("name", "bridge", "firewall", "ip", "gw", "ip6", "gw6", "hwaddr", "mtu"),
    *("rate", "tag", "trunks", "type"),
)
"""As Telmate's provider writes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What an update asks PVE for; volumes are moved, then resized, before options are set."""

    steps: tuple[Step, ...]

    def of(self, *verbs: Verb) -> tuple[Step, ...]:
        """The steps of these kinds."""
        return tuple(step for step in self.steps if step.verb in verbs)

    @property
    def move(self) -> dict[str, str]:
        """New storage by volume key, such as mp0."""
        return {step.option: step.wanted for step in self.of(Verb.MOVE)}

    @property
    def resize(self) -> dict[str, str]:
        """New size by volume key, such as rootfs or mp0."""
        return {step.option: step.wanted for step in self.of(Verb.RESIZE)}

    def config(self) -> Parameters:
        """The body of the config call; empty when there is nothing to change."""
        body = {step.option: _rendered(step) for step in self.of(Verb.SET)}
        gone = [step.option for step in self.of(Verb.DELETE)]
        return {**body, "delete": ",".join(gone)} if gone else body


def create_parameters(planned: Mapping[str, Any]) -> Parameters:
    """The body of POST /nodes/NODE/lxc.

    Raises:
        ValueError: a volume's size is none.
    """
    body: Parameters = {"storage": "local"}
    for attribute, parameter in ONLY_AT_CREATION.items():
        value = planned.get(attribute)
        if not is_unset(attribute, value):
            body[parameter] = _scalar(value)
    if "ssh-public-keys" in body:
        body["ssh-public-keys"] = str(body["ssh-public-keys"]).strip()
    return body | {step.option: _rendered(step) for step in creation_steps(planned)}


def update_changes(prior: Mapping[str, Any], planned: Mapping[str, Any]) -> Update:
    """What differs between two states, for an existing container."""
    return Update(steps=update_steps(prior, planned))


def _rendered(step: Step) -> str | int:
    if step.option == "tags":
        return ";".join(split_tags(step.wanted))
    if step.option == "features":
        return ",".join(
            f"mount={step.wanted[name]}" if name == "mount" else f"{name}=1"
            for name in sorted(step.wanted)
        )
    if index_of(step.option, "net") is not None:
        return ",".join(
            f"{key}={_scalar(step.wanted[key])}" for key in _NETWORK_KEYS if step.wanted.get(key)
        )
    if step.option == "rootfs" or index_of(step.option, "mp") is not None:
        return ",".join(_volume(step))
    return _scalar(step.wanted)


def _scalar(value: Any) -> str | int:
    return value if isinstance(value, str) else int(value)


def _volume(step: Step) -> Iterator[str]:
    """A new volume, `STORAGE:GIB`, or the one that is there or named."""
    volume = step.wanted
    if step.known is not None:
        yield volume["volume"]
        yield f"size={volume['size']}"
    else:
        size = volume.get("size") or ""
        yield volume.get("volume") or f"{volume.get('storage')}:{gibibytes(size)}"
    yield from (f"{name}=1" for name in VOLUME_FLAGS if volume.get(name))
    if step.option != "rootfs":
        yield f"backup={int(bool(volume.get('backup')))}"
        yield f"mp={volume['mp']}"

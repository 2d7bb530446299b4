"""Plans: defaults, unknowns, replacements, and that an unchanged configuration changes nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tf.types import Unknown

from homelab.provider.fields import State
from homelab.provider.layouts import LXC, POOL
from homelab.provider.planning import plan


def block(layout_name: str, **values: Any) -> State:
    group = next(item for item in LXC.groups if item.name == layout_name)
    return {item.name: values.get(item.name) for item in group.fields}


def declared(**values: Any) -> State:
    state = {
        **LXC.empty(),
        "vmid": 201,
        "hostname": "plex",
        "rootfs": [block("rootfs", storage="local-zfs", size="8G")],
        "network": [block("network", name="eth0", bridge="vmbr0")],
        "features": [block("features", nesting=True)],
    }
    return {**state, **values}


def made(planned: State) -> State:
    """The state after an apply in which every unknown became something."""
    if isinstance(planned, dict):
        return {name: made(value) for name, value in planned.items()}
    if isinstance(planned, list):
        return [made(value) for value in planned]
    return "known" if planned is Unknown else planned


def proposed(prior: State, config: State, layout: Any = LXC) -> State:
    """What Terraform proposes: the configuration, with prior values where it leaves computed ones out."""
    result: State = {}
    for item in layout.fields:
        value = config.get(item.name)
        keep = value is None and item.computed
        result[item.name] = prior.get(item.name) if keep else value
    for group in layout.groups:
        blocks = config.get(group.name)
        if not isinstance(blocks, list):
            result[group.name] = blocks
            continue
        old = prior.get(group.name) or []
        result[group.name] = [
            {
                item.name: old[index].get(item.name)
                if element.get(item.name) is None and item.computed and index < len(old)
                else element.get(item.name)
                for item in group.fields
            }
            for index, element in enumerate(blocks)
        ]
    return result


def test_defaults_are_planned_for_what_is_left_out() -> None:
    planned, replaced = plan(LXC, None, declared())
    assert (planned["memory"], planned["swap"], planned["unprivileged"]) == (512, 0, False)
    assert planned["features"][0]["keyctl"] is False
    assert planned["cores"] is None
    assert replaced == []


def test_computed_values_are_unknown_in_a_new_resource_and_its_blocks() -> None:
    planned, _ = plan(LXC, None, declared(vmid=None))
    for name in ("id", "vmid", "current_node", "ostype", "unused"):
        assert planned[name] is Unknown, name
    for name in ("hwaddr", "id", "tag", "trunks", "type"):
        assert planned["network"][0][name] is Unknown, name
    assert planned["rootfs"][0]["volume"] is Unknown


def test_a_block_that_is_added_has_unknowns_and_the_others_keep_their_values() -> None:
    prior = made(plan(LXC, None, declared())[0])
    config = declared(
        network=[
            block("network", name="eth0", bridge="vmbr0"),
            block("network", name="eth1", bridge="vmbr1"),
        ]
    )
    planned, _ = plan(LXC, prior, proposed(prior, config))
    assert planned["network"][0]["hwaddr"] == "known"
    assert planned["network"][1]["hwaddr"] is Unknown


def test_unknown_blocks_and_values_stay_unknown() -> None:
    planned, _ = plan(LXC, None, declared(network=Unknown, hostname=Unknown))
    assert planned["network"] is Unknown
    assert planned["hostname"] is Unknown


def test_what_cannot_change_in_place_replaces() -> None:
    prior = made(plan(LXC, None, declared(ostemplate="a"))[0])
    config = declared(ostemplate="b", rootfs=[block("rootfs", storage="other", size="8G")])
    _, replaced = plan(LXC, prior, proposed(prior, config))
    assert replaced == [["ostemplate"], ["rootfs", (0,), "storage"]]


def test_another_name_replaces_a_pool() -> None:
    prior = {**POOL.empty(), "poolid": "media", "comment": "x", "id": "pools/media"}
    _, replaced = plan(POOL, prior, {**prior, "poolid": "other"})
    assert replaced == [["poolid"]]


def test_another_spelling_changes_nothing() -> None:
    config = declared(
        tags="video,Media", description="Plex", startup="4", nameserver="1.1.1.1,8.8.8.8"
    )
    prior = made(plan(LXC, None, config)[0])
    prior |= {
        "tags": "media;video",
        "description": "Plex\n",
        "startup": "order=4",
        "nameserver": "1.1.1.1 8.8.8.8",
    }
    prior["rootfs"][0]["size"] = "8192M"
    planned, replaced = plan(LXC, prior, proposed(prior, config))
    assert planned == prior
    assert replaced == []


numbers = st.none() | st.integers(0, 4096)
flags = st.none() | st.booleans()
texts = st.none() | st.sampled_from(["", "a", "b;c", "order=3"])


@given(
    cores=numbers,
    memory=numbers,
    swap=numbers,
    start=flags,
    onboot=flags,
    tags=texts,
    description=texts,
    firewalls=st.lists(flags, max_size=4),
)
def test_planning_what_was_applied_plans_nothing(
    firewalls: list[bool | None], **values: Any
) -> None:
    networks = [
        block("network", name=f"eth{index}", firewall=firewall)
        for index, firewall in enumerate(firewalls)
    ]
    config = declared(network=networks, **values)
    state = made(plan(LXC, None, config)[0])
    planned, replaced = plan(LXC, state, proposed(state, config))
    assert planned == state
    assert replaced == []

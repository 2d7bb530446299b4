from __future__ import annotations

import os
from pathlib import Path

from homelab.lab.api.nodes import figures
from homelab.lab.node.faults import Fault


def test_memory_is_that_of_the_machine() -> None:
    total, used = figures.host_memory()
    assert total == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 0 < used < total
    swap, swapped = figures.host_swap()
    assert 0 <= swapped <= swap


def test_the_node_is_not_up_for_longer_than_the_machine(node) -> None:
    assert 0 <= figures.node_uptime(node.context) <= figures.host_uptime()


def test_the_processors_name_is_one_that_the_kernel_tells() -> None:
    name = figures.processor_model()
    assert name
    assert name in Path("/proc/cpuinfo").read_text() or name == os.uname().machine


def test_a_node_that_is_down_has_no_figures(open_node) -> None:
    node = open_node(nodes=("pve", "pve2"))
    node.context.faults.add(Fault(node_down="pve2"))
    here, there = node.ask("GET", "/nodes").data
    assert (here["status"], here["maxcpu"]) == ("online", figures.processors())
    assert there == {
        "id": "node/pve2",
        "type": "node",
        "node": "pve2",
        "level": "",
        "status": "offline",
    }

"""10,000 containers on 100 nodes: made through the API, then asked for."""

from __future__ import annotations

import statistics
import time

from bench import load, servers
from bench.api_client import create
from bench.report import Report

NODES = 100
VMIDS = range(1000, 11_000)
ASKED = 20


def run(report: Report) -> None:
    """Eight clients create; each creation is committed before its reply."""
    with servers.homelab(nodes=NODES) as lab:
        begin = time.perf_counter()
        create(lab.client, VMIDS, node=lambda vmid: node_of(lab.node, vmid))
        took = time.perf_counter() - begin
        report.add(
            f"create {len(VMIDS)} containers on {NODES} nodes",
            {"seconds": took, "per second": len(VMIDS) / took, "MiB of memory": lab.memory},
        )
        client = lab.client
        questions = {
            "GET /cluster/resources, kept": lambda: client.ask("GET", "/cluster/resources"),
            "GET /cluster/nextid": lambda: client.ask("GET", "/cluster/nextid"),
            "GET config": lambda: client.ask("GET", f"/nodes/{lab.node}/lxc/1000/config"),
        }
        assert len(client.ask("GET", "/cluster/resources", type="vm")) == len(VMIDS)
        for name, ask in questions.items():
            add(report, f"{name}, of 10,000", [load.timed(ask) for _ in range(ASKED)])
        changed = []
        for number in range(ASKED):
            client.ask("PUT", f"/nodes/{lab.node}/lxc/1000/config", tags=f"round{number}")
            changed.append(load.timed(questions["GET /cluster/resources, kept"]))
        add(report, "GET /cluster/resources right after a change, of 10,000", changed)
        starts = [
            load.timed(
                lambda vmid=vmid: client.ask(
                    "POST", f"/nodes/{node_of(lab.node, vmid)}/lxc/{vmid}/status/start"
                )
            )
            for vmid in VMIDS[:ASKED]
        ]
        add(report, "start one, of 10,000", starts)
        report.add("after that", {"MiB of memory": lab.memory})


def node_of(first: str, vmid: int) -> str:
    """Containers go round the nodes: the first one's name, and that with 2 to 100."""
    number = vmid % NODES
    return first if number == 0 else f"{first}{number + 1}"


def add(report: Report, name: str, took: list[float]) -> None:
    """Milliseconds, with what the client takes to read the reply."""
    report.add(name, {"milliseconds min": min(took) * 1e3, "median": statistics.median(took) * 1e3})


if __name__ == "__main__":
    Report.main(run)

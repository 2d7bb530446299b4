"""28 containers created and started one after the other through proxmoxer; each change durable."""

from __future__ import annotations

import statistics
import time
from typing import Any

from proxmoxer import ProxmoxAPI

from bench import servers
from bench.api_client import TEMPLATE, options
from bench.report import Report

COUNT = 28
ROUNDS = 5


def run(report: Report) -> None:
    """Create, wait, start, wait; then destroy them, which is not counted."""
    with servers.homelab() as lab:
        node = proxmox(lab).nodes(lab.node)
        rounds = [measure(lab, node) for _ in range(ROUNDS)]
        took, cpu = ([pair[number] for pair in rounds] for number in (0, 1))
    report.add(
        f"create and start {COUNT} through proxmoxer",
        {
            "seconds min": min(took),
            "seconds median": statistics.median(took),
            "CPU seconds of both sides min": min(cpu),
        },
        goal="under 0.5 s",
    )


def proxmox(server: servers.Server) -> Any:
    """The client with a ticket."""
    client = server.client
    host = client.url.removeprefix("https://").removesuffix("/api2/json")
    return ProxmoxAPI(host, user=client.user, password=client.password, verify_ssl=server.ca_file)


def measure(lab: servers.Server, node: Any) -> tuple[float, float]:
    """Seconds from the first request to the last status `OK`, and CPU seconds of both processes."""
    vmids = range(100, 100 + COUNT)
    begin, cpu = time.perf_counter(), time.process_time() + lab.cpu
    deploy(node, vmids)
    took = time.perf_counter() - begin, time.process_time() + lab.cpu - cpu
    remove(node, vmids)
    return took


def deploy(node: Any, vmids: range) -> None:
    """Create and start, and wait for each task."""
    for vmid in vmids:
        end(node, node.lxc.post(vmid=vmid, ostemplate=TEMPLATE, **options(vmid)))
        end(node, node.lxc(vmid).status.start.post())


def remove(node: Any, vmids: range) -> None:
    """Look that all run, and destroy them."""
    running = [row for row in node.lxc.get() if row["status"] == "running"]
    assert len(running) == len(vmids)
    for vmid in vmids:
        end(node, node.lxc(vmid).delete(force=1))


def end(node: Any, upid: str) -> None:
    """Ask for the task's status until it has ended."""
    while (status := node.tasks(upid).status.get())["status"] == "running":
        time.sleep(0.001)
    assert status["exitstatus"] == "OK", status


if __name__ == "__main__":
    Report.main(run)

"""Reads of the API with 1,000 containers, the lab and fakepve in turn in one run."""

from __future__ import annotations

import statistics

from bench import load, servers
from bench.api_client import Client, create
from bench.report import Report

VMIDS = range(100, 1100)
ROUNDS = 5
SECONDS = 2.0
PATHS = {
    "GET /cluster/resources": "/cluster/resources",
    "GET /nodes/{node}/lxc/{vmid}/config": "/nodes/{node}/lxc/600/config",
}
PASSWORD = "bench-password"  # noqa: S105


def run(report: Report) -> None:
    """Pair the two, round by round; a ratio is of neighbours in time."""
    print(
        f"{len(VMIDS)} containers, {load.CONNECTIONS} connections that are kept open, HTTPS on "
        f"both sides, asked by {load.generator()}"
    )
    with servers.homelab() as lab, servers.fakepve(VMIDS) as other:
        create(lab.client, VMIDS, node=lambda _vmid: lab.node)
        auditor, owner = users(lab.client)
        for name, path in PATHS.items():
            compare(report, name, path, lab, other)
        for who, client in (("an auditor", auditor), ("the owner of half of them", owner)):
            name = f"GET /cluster/resources as {who}"
            compare(report, name, PATHS["GET /cluster/resources"], lab, other, client=client)
        while_changing(report, lab)


def compare(
    report: Report,
    name: str,
    path: str,
    lab: servers.Server,
    other: servers.Server,
    *,
    client: Client | None = None,
) -> None:
    """The same question to both; `client` asks the lab, else root."""
    ours, theirs, size = [], [], 0.0
    asker = client or lab.client
    for _ in range(ROUNDS):
        mine = load.load(lab.url(path.format(node=lab.node)), asker.headers, seconds=SECONDS)
        its = load.load(
            other.url(path.format(node=other.node)), other.client.headers, seconds=SECONDS
        )
        ours.append(mine.rate)
        theirs.append(its.rate)
        size = mine.size
    ratios = [mine / its for mine, its in zip(ours, theirs, strict=True)]
    report.add(
        name,
        {
            "per second min": min(ours),
            "median": statistics.median(ours),
            "fakepve median": statistics.median(theirs),
            "ratio min": min(ratios),
            "ratio median": statistics.median(ratios),
            "bytes": size,
        },
        goal="ratio 10 or more" if "resources" in path else "ratio 1 or more",
    )


def while_changing(report: Report, lab: servers.Server) -> None:
    """The first read after each change has to be worked out anew: how long that takes."""
    took = []
    for number in range(40):
        path = f"/nodes/{lab.node}/lxc/{VMIDS[number]}/config"
        lab.client.ask("PUT", path, tags=f"round{number}")
        took.append(load.timed(lambda: lab.client.ask("GET", "/cluster/resources")))
    report.add(
        "GET /cluster/resources right after a change",
        {"milliseconds min": min(took) * 1e3, "median": statistics.median(took) * 1e3},
    )


def users(root: Client) -> tuple[Client, Client]:
    """One who sees everything by a rule on /, and one who sees half by one rule per container."""
    for name in ("auditor@pve", "owner@pve"):
        root.ask("POST", "/access/users", userid=name, password=PASSWORD)
    root.ask("PUT", "/access/acl", path="/", users="auditor@pve", roles="PVEAuditor")
    for vmid in VMIDS[::2]:
        root.ask("PUT", "/access/acl", path=f"/vms/{vmid}", users="owner@pve", roles="PVEVMUser")
    auditor = Client(root.url, "auditor@pve", PASSWORD).log_in()
    return auditor, Client(root.url, "owner@pve", PASSWORD).log_in()


if __name__ == "__main__":
    Report.main(run)

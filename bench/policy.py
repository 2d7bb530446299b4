"""How fast the policy is, beside conftest and checkov, all on the same plans in one run.

    python bench/policy.py [--sizes 28,1000,10000] [--conftest PATH] [--checkov PATH]

Ours runs all its rules, the others ten of them (bench/policy/rego, bench/policy/checkov). The plans
are made by homelab.policy.synthetic_plan and read from files. Figures are processor time, which other work
on the machine disturbs least. conftest comes with `go install
github.com/open-policy-agent/conftest@v0.71.1`, checkov with pip, in an environment of its own.
"""

from __future__ import annotations

import argparse
import copy
import gc
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import orjson

from homelab import policy
from homelab.model import Topology, document_of
from homelab.operations.review.judge import read_plan
from homelab.policy.synthetic_plan import sketch_plan

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).parent / "policy"
CAPACITY = policy.Capacity(
    nodes={f"pve{n}": policy.NodeCapacity(cores=1 << 20, memory=1 << 30) for n in range(100)},
    storages={"local-zfs": 1 << 60},
)


TEN = (
    "HL101",
    "HL201",
    "HL203",
    "HL204",
    "HL211",
    "HL214",
    "HL305",
    "HL506",
    "HL507",
    "HL509",
)
"""The rules that the others were given."""


def plan_of(count: int, *, privileged: str = "") -> bytes:
    """A plan that creates `count` containers, 28 different ones over and over, on 100 nodes."""
    source = document_of(Topology.load(ROOT / "terraform"))
    containers = list(source["containers"].items())
    made = {}
    rules = []
    for number in range(count):
        name, entry = containers[number % len(containers)]
        new = copy.deepcopy(entry)
        new["vmid"] = 100 + number
        new["category"] = "all"
        new["node"] = f"pve{number % 100}"
        third, last = divmod(number, 250)
        new["networks"] = [{**new["networks"][0], "bridge": "vmbr0", "gateway": "10.64.0.1"}]
        new["networks"][0]["ip"] = f"10.{64 + third // 256}.{third % 256}.{last + 2}/10"
        new["service"]["depends_on"] = []
        for port in new["service"]["ports"]:
            port["sources"] = ["lan"]
            rule = {"container": f"{name}-{number}", "source": "lan", "port": port["port"]}
            rules.append({**rule, "protocol": port["protocol"], "comment": "service"})
        new["unprivileged"] = f"{name}-{number}" != privileged
        made[f"{name}-{number}"] = new
    network = {
        "bridge": "vmbr0",
        "cidr": "10.64.0.0/10",
        "gateway": "10.64.0.1",
        "node_address": "10.64.0.1/10",
        "vpn": False,
    }
    document = {
        "schema": 1,
        "networks": {"lan": network},
        "containers": made,
        "firewall": rules,
        "firewall_policy": "DROP",
    }
    return orjson.dumps(sketch_plan(document))


def ours(path: Path) -> policy.PolicyReport:
    """What `homelab policy --plan` does, without starting Python."""
    return policy.evaluate(read_plan(path), capacity=CAPACITY)


def timed(
    work: Callable[[], object], *, times: int, clock: Callable[[], float] = time.perf_counter
) -> float:
    """The median seconds of several runs."""
    taken = []
    for _ in range(times):
        gc.collect()
        begin = clock()
        work()
        taken.append(clock() - begin)
    return statistics.median(taken)


def children() -> float:
    """The processor seconds that ended child processes took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def finds_a_mistake(*argv: str) -> None:
    """Make sure that a program runs its rules at all: one container is privileged."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout[-500:] + done.stderr[-500:]
    assert "HL201" in done.stdout, done.stdout[-500:]


def program(*argv: str) -> Callable[[], object]:
    """A run of a program that may find something, but must not break."""

    def run() -> object:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stdout[-500:] + done.stderr[-500:]
        assert "Traceback" not in done.stderr, done.stderr[-500:]
        return done

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="28,1000,10000")
    parser.add_argument("--conftest", default=shutil.which("conftest"))
    parser.add_argument("--checkov", default=shutil.which("checkov"))
    parser.add_argument("--others-up-to", type=int, default=1000, help="Sizes the others get.")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--json", type=Path, help="Write the figures to this file.")
    parser.add_argument(
        "--wall", action="store_true", help="Measure time on the wall; default: processor time."
    )
    options = parser.parse_args()
    clock = time.perf_counter if options.wall else time.process_time
    outside = time.perf_counter if options.wall else children
    rows = []
    ids = ",".join(f"CKV_{name}" for name in TEN)
    others = {}
    if options.conftest:
        words = (options.conftest, "test", "--policy", str(HERE / "rego"))
        others["conftest"] = (*words, "--no-color")
    if options.checkov:
        words = (options.checkov, "--framework", "terraform_plan", "--quiet", "--compact")
        words += ("--skip-download", "--external-checks-dir", str(HERE / "checkov"))
        others["checkov"] = (*words, "--check", ids, "-f")
    with tempfile.TemporaryDirectory() as directory:
        wrong = Path(directory) / "wrong.json"
        wrong.write_bytes(plan_of(28, privileged="plex-0"))
        for words in others.values():
            finds_a_mistake(*words, str(wrong))
        for size in (int(word) for word in options.sizes.split(",")):
            path = Path(directory) / f"plan-{size}.json"
            path.write_bytes(plan_of(size))
            report = ours(path)
            assert report.is_ok, [str(finding) for finding in report.violations[:5]]
            row = {"containers": size, "megabytes": path.stat().st_size / 1e6}
            times = options.times
            row["read"] = timed(lambda p=path: read_plan(p), times=times, clock=clock)
            row["ours"] = timed(lambda p=path: ours(p), times=times, clock=clock)
            command = (sys.executable, "-m", "homelab.cli", "policy", "--project", str(ROOT))
            row["ours, whole process"] = timed(
                program(*command, "--plan", str(path)), times=3, clock=outside
            )
            for name, words in others.items():
                if size <= options.others_up_to:
                    row[name] = timed(program(*words, str(path)), times=3, clock=outside)
            rows.append(row)
            print(_line(row, len(report.rules)))
    if len(rows) > 1:
        first, last = rows[-2], rows[-1]
        growth = last["ours"] / first["ours"]
        factor = last["containers"] / first["containers"]
        print(
            f"from {first['containers']} to {last['containers']}: {growth:.1f} x the time for "
            f"{factor:.1f} x the containers"
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def _line(row: dict[str, float], rules: int) -> str:
    said = [f"{row['containers']:>6} containers ({row['megabytes']:.2f} MB)"]
    said.append(f"ours, {rules} rules: {1000 * row['ours']:.1f} ms in process")
    said.append(f"(reading the JSON {1000 * row['read']:.1f} ms)")
    said.append(f"whole process {row['ours, whole process']:.2f} s")
    for name in ("conftest", "checkov"):
        if name in row:
            ratio = row[name] / row["ours, whole process"]
            said.append(f"{name}, 10 rules: {row[name]:.2f} s ({ratio:.1f} x ours)")
    return "; ".join(said)


if __name__ == "__main__":
    main()

"""Pages of docs/ that are made from the code: the policy's rules, and an example of a plan page."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from homelab import policy
from homelab.clients.terraform_plan import Plan
from homelab.model import Topology, document_of
from homelab.operations.planned import Action, PlannedChange, PlanReport
from homelab.operations.review.needs import needs_of, root_only_lines
from homelab.operations.review.page import to_markdown
from homelab.operations.review.preflight import preflight
from homelab.operations.review.reviewed import review_plan
from homelab.policy.configuration import capacity_of
from homelab.policy.documents import subject_from_plan
from homelab.policy.rule import Rule
from homelab.policy.sketch import sketch_plan
from homelab.policy.waivers import META
from homelab.provider.settings import PRIVILEGES
from homelab.settings import Environment, load

_GROUPS = {
    "HL1": "Identity and addresses",
    "HL2": "Isolation and secrets",
    "HL3": "Resources",
    "HL4": "Data",
    "HL5": "Operation",
    "HL9": "Waivers",
}
_ACTIONS = {"import": Action.ADOPT}
_TOKEN = "homelab@pve!terraform"  # noqa: S105  (a token's name)


def pages(project: Path) -> Mapping[str, str]:
    """The generated files below docs/ by name, for the tree of a project."""
    return {"policy.md": policy_page(), "plan-example.md": plan_example(project)}


def write(project: Path) -> None:
    """Write the generated files."""
    for name, text in pages(project).items():
        (project / "docs" / name).write_text(text, encoding="utf-8")


def policy_page() -> str:
    """The rules as a page: what each asks, why, and how to put it right."""
    parts = [_POLICY_HEAD]
    for prefix, title in _GROUPS.items():
        rules = [rule for rule in (*policy.RULES, *META) if rule.id.startswith(prefix)]
        rows = "\n".join(_row(rule) for rule in rules)
        parts.append(
            f"## {title}\n\n| rule | severity | what | why | fix |\n|---|---|---|---|---|\n"
        )
        parts.append(f"{rows}\n\n")
    parts.append(_POLICY_TAIL)
    return "".join(parts)


def _row(rule: Rule) -> str:
    what = f"{rule.summary} *Judges plans only.*" if rule.needs_plan else rule.summary
    cells = (f"{rule.id} `{rule.slug}`", str(rule.severity), what, rule.rationale, rule.fix)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def plan_example(project: Path) -> str:
    """The page of a change of five containers: one of each kind."""
    settings = load(project, environment=Environment.read({}))
    directory = project / "terraform"
    before = {**document_of(Topology.load(directory)), "firewall_policy": "DROP"}
    plan = Plan.parse(Path("example"), sketch_plan(_changed(before), before))
    capacity = capacity_of(settings.policy)
    judged = policy.evaluate(
        plan,
        directory=directory,
        capacity=policy.Capacity(
            nodes=capacity.nodes, storages={**capacity.storages, "fast": 1 << 40}
        ),
        today=date(2025, 1, 1),
    )
    subject = subject_from_plan(plan.document)
    changes = subject.changes or ()
    held = {
        "/": dict.fromkeys((*PRIVILEGES, "SDN.Use"), 1),
        "/storage/fast": {"Datastore.Audit": 1},
    }
    checked = preflight(
        _TOKEN,
        needs_of(changes, document=plan.document, provider=subject.provider),
        root_only_lines(changes),
        held,
    )
    report = PlanReport(
        target="production",
        runtime=None,
        provider="telmate/proxmox 3.0.2-rc07",
        changes=tuple(
            PlannedChange(
                address=change.address,
                action=_ACTIONS.get(change.action) or Action(change.action),
            )
            for change in plan.changes
        ),
        containers=28,
        not_checked=("Ansible's part and whether services answer: that is what deploy does",),
    )
    review = review_plan(plan.document, policy=judged, preflight=checked)
    return f"{_EXAMPLE_HEAD}{to_markdown(report, review)}"


def _changed(before: dict[str, Any]) -> dict[str, Any]:
    after = copy.deepcopy(before)
    containers = after["containers"]
    containers["plex"]["memory"] = 6144
    containers["plex"]["rootfs"]["size"] = "24G"
    containers["loki"]["mount_points"][0]["path"] = "/srv/logs"
    containers["vaultwarden"]["rootfs"]["storage"] = "fast"
    containers["vaultwarden"]["service"]["image"] = "vaultwarden/server:1.34.1"
    del containers["tautulli"]
    containers["sabnzbd"] = {
        **copy.deepcopy(containers["bazarr"]),
        "vmid": 210,
        "description": "Fetches from Usenet",
    }
    added = containers["sabnzbd"]
    added["networks"][0]["ip"] = "10.10.0.30/24"
    added["service"] |= {
        "image": "lscr.io/linuxserver/sabnzbd:4.5.1",
        "ports": [{"port": 8080, "protocol": "tcp", "sources": ["lan"]}],
        "health": {"port": 8080, "path": "/", "scheme": "http", "status": 200},
        "depends_on": [],
    }
    rules = after["firewall"]
    rules[:] = [rule for rule in rules if rule["container"] != "tautulli"]
    for port, comment in ((8080, "service"), (22, "management")):
        rules.append(
            {
                "container": "sabnzbd",
                "source": "lan",
                "port": port,
                "protocol": "tcp",
                "comment": comment,
            }
        )
    return after


_EXAMPLE_HEAD = """\
<!-- Generated from the code (homelab.operations.documentation); a test compares. -->
# A plan page

What `homelab plan` writes to `build/plan.md`, for a change of five containers on a real node: plex
gets more memory and disk, loki's volume another path, vaultwarden another storage and version,
tautulli goes, sabnzbd comes. The token may not make volumes on the storage `fast`.

---

"""

_POLICY_HEAD = """\
<!-- Generated from the code (homelab.operations.documentation); a test compares. -->
# Policy

`homelab plan` and `homelab deploy` judge every plan by these rules, after Terraform has made it and
before anything is applied; `homelab policy` judges the files alone, in less than a second and
without Terraform. A violation of severity *error* ends `plan` and `policy` with exit code 1 and
stops a deploy, on the lab as on a real node; a *warning* is shown.

A rule says *pass*, *fail*, or *unknown* where a value that it needs is not known before the apply.
What fails is shown with file and line, and with what to do:

```console
$ homelab policy
error   HL201 unprivileged: A container is unprivileged.
          terraform/containers/media-stack.tf:25: jellyfin: it is privileged
          fix: Set unprivileged = true (the default) in the entry.
policy: 40 rules: 1 violation
```

- `homelab policy --list` prints the rules, `--explain HL201` one of them, `--rule HL201` asks only
  that one. `--plan FILE` judges what `terraform show -json` printed.
- `--format json|sarif|junit|github` prints for programs; `plan` and `deploy` leave
  `build/policy.sarif` and `build/policy.xml`. `homelab plan --annotate` prints GitHub's annotations.
- In Python: `policy.evaluate(plan, topology).raise_for_violations()`.

## What rules measure by

Sizes of nodes and storages stand in `homelab.toml`. Without them, the rules about resources say
*unknown*.

```toml
[policy]
memory_ratio = 1.0     # promised to containers, over what the node has
cores_ratio = 4.0
storage_ratio = 1.0

[policy.nodes.pve]
cores = 16
memory = "64G"

[policy.storages]
local-zfs = "2T"
```

## Waivers

A finding is accepted for a while with a reason and a last day. An expired waiver is a violation,
one that matches nothing a warning. `item` is what the finding names, or `*`.

```toml
[[policy.waivers]]
rule = "HL305"
item = "blackbox-exporter"
reason = "a static binary without a database, measured at 60 MiB"
expires = 2030-01-31
```

"""

_POLICY_TAIL = """\
## Rules of your own

A file in the project's folder `policy/`, or an installed package with an entry point of the group
`homelab.policy`, has a `Rule` as `RULE`, or several as `RULES`. Ids are capitals and digits; `HL` is
taken.

```python
from collections.abc import Iterator

from homelab.policy import Observation, Rule, Severity, Subject, Unknown, fails, unclear


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        where = ("containers", guest.name, "swap")
        if isinstance(guest.swap, Unknown):
            yield unclear(guest.name, "swap", *where)
        elif guest.swap > guest.memory * 2:
            yield fails(guest.name, f"swap is {guest.swap:g} MiB", *where)


RULE = Rule(
    id="ORG001",
    slug="little-swap",
    severity=Severity.WARNING,
    summary="Swap is at most twice the memory.",
    rationale="A container that swaps that much is slower than one that is restarted.",
    fix="Lower swap in the entry.",
    check=check,
)
```

A rule yields nothing for what is right. `where` is the place in the tree, from which file and line
are found. `homelab.policy.sketch.sketch_plan` makes plans to test a rule with.
"""

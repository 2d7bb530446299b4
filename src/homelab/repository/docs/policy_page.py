"""docs/policy.md: the policy's rules as a page."""

from __future__ import annotations

from homelab import policy
from homelab.escaping import Markdown
from homelab.policy.contradictions import CONTRADICTIONS
from homelab.policy.rule import Rule
from homelab.policy.waivers import META
from homelab.repository.docs.markdown import table

_GROUPS = {
    "HL1": "Identity and addresses",
    "HL2": "Isolation and secrets",
    "HL3": "Resources",
    "HL4": "Data",
    "HL5": "Operation",
    "HL9": "Waivers",
}


def policy_page() -> str:
    """The rules as a page: what each asks, why, and how to put it right."""
    asked = sum(not rule.needs_plan for rule in policy.RULES)  # by `homelab policy`, on a tree
    lines = _POLICY_HEAD.replace("{count}", str(asked)).splitlines()
    for prefix, title in _GROUPS.items():
        rules = [rule for rule in (*policy.RULES, *META) if rule.id.startswith(prefix)]
        columns = ("rule", "severity", "what", "why", "fix")
        lines += [f"## {title}", "", *table(columns, map(_cells, rules))]
    return "\n".join((*lines, _POLICY_TAIL))


def _cells(rule: Rule) -> tuple[Markdown, ...]:
    what = rule.summary
    if rule.needs_plan:
        what += " *Judges plans only.*"
    if rule in CONTRADICTIONS:
        what += " *First.*"
    said = (f"{rule.id} `{rule.slug}`", str(rule.severity), what, rule.rationale, rule.fix)
    return tuple(map(Markdown, said))


_POLICY_HEAD = """\
<!-- Written by `nox -s docs`; a change made here is lost. -->
# Policy

`homelab plan` and `homelab deploy` judge every plan by these rules, after Terraform has made it and
before anything is applied; `homelab policy` judges the files alone, in less than a second and
without Terraform. Where the files contradict themselves, by the rules that are marked *First*,
nothing is begun: no Terraform, no probe, no test. A violation of severity *error* ends `plan` and `policy` with exit code 1 and
stops a deploy, on the lab as on a real node. A *warning* is shown; with `--strict`, which
`nox -s plan` and so every pull request uses, it fails the plan as well.

A rule says *pass*, *fail*, or *unknown* where a value that it needs is not known before the apply.
What fails is shown with file and line, and with what to do:

```console
$ homelab policy
error   HL201 unprivileged: A container is unprivileged.
          terraform/containers/media-stack.tf:25: jellyfin: it is privileged
          fix: Set unprivileged = true (the default) in the entry.
policy: {count} rules: 1 violation
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
are found. `homelab.policy.synthetic_plan.sketch_plan` makes plans to test a rule with.
"""

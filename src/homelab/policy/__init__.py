"""Rules about a plan and the topology that it leads to.

```python
from homelab import policy

policy.evaluate(plan, topology).raise_for_violations()
```

A rule is a `Rule`; own rules come from the entry point group `homelab.policy` or from Python files
in the project's folder `policy/` (`homelab.policy.extensions`).
"""

from homelab.policy.capacity import Capacity, NodeCapacity
from homelab.policy.evaluation import evaluate, evaluate_tree
from homelab.policy.report import Finding, PolicyReport, PolicyViolationError
from homelab.policy.rule import Observation, Rule, Severity, Verdict, fails, unclear
from homelab.policy.rules import RULES
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN, Unknown
from homelab.policy.waivers import Waiver

__all__ = [
    "RULES",
    "UNKNOWN",
    "Capacity",
    "Finding",
    "NodeCapacity",
    "Observation",
    "PolicyReport",
    "PolicyViolationError",
    "Rule",
    "Severity",
    "Subject",
    "Unknown",
    "Verdict",
    "Waiver",
    "evaluate",
    "evaluate_tree",
    "fails",
    "unclear",
]

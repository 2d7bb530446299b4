"""HL403: No container that holds data is deleted or replaced unless it was named."""

from collections.abc import Iterator

from homelab.policy.losses import may_hold_data, place
from homelab.policy.rule import Observation, Rule, fails
from homelab.policy.subject import Subject


def check(subject: Subject) -> Iterator[Observation]:
    if subject.may_lose is None:
        return
    for change in subject.changes or ():
        if not change.is_container or change.action not in ("delete", "replace"):
            continue
        if change.name in subject.may_lose or not may_hold_data(change.before):
            continue
        text = f"the plan would {change.action} it, with its data"
        yield fails(change.name, text, *place(change))


RULE = Rule(
    id="HL403",
    slug="no-loss-unless-named",
    summary="No container that holds data is deleted or replaced unless it was named.",
    rationale=(
        "Terraform replaces a container for a change of one attribute, and its volumes go with it."
    ),
    fix="If it is meant, name it: --allow-delete NAME. Else undo the change that removes it.",
    check=check,
    needs_plan=True,
)

"""The review stage: the policy, the privileges and the page, before anything is applied."""

from __future__ import annotations

from collections.abc import Collection

from homelab import policy
from homelab.clients.proxmox import Proxmox
from homelab.operations.review.data import to_json
from homelab.operations.review.needs import needs_of, root_only_lines
from homelab.operations.review.page import to_markdown
from homelab.operations.review.preflight import Preflight, preflight
from homelab.operations.review.reviewed import Review, review_plan
from homelab.operations.run.events import Stage, State
from homelab.operations.run.run import Run
from homelab.operations.stages.plan import Planned
from homelab.operations.target.target import Target
from homelab.policy import Subject
from homelab.policy.configuration import capacity_of, waivers_of
from homelab.policy.extensions import all_rules
from homelab.policy.formats import to_junit, to_sarif
from homelab.pve.release import DEFAULT_RELEASE, Release


def review(
    run: Run,
    target: Target,
    planned: Planned,
    *,
    allow_delete: Collection[str] = (),
    strict: bool = False,
    stops: bool = True,
) -> Review:
    """Judge a plan and write its page; with `stops`, what may not be applied is an error.

    With `strict` warnings of the policy count against the plan.

    Writes build/plan.md and build/plan.json, without a review where there can be none, and
    build/policy.sarif and build/policy.xml.

    Raises:
        PolicyViolationError: the plan breaks a rule of severity error.
        MissingPrivilegesError: the credentials can't apply it.
    """
    with run.recorder.stage(Stage.REVIEW) as stage:
        reviewed: Review | None = None
        try:
            judged = policy.evaluate(
                planned.subject,
                directory=run.terraform_directory,
                tree=run.tree,
                rules=all_rules(run.settings.project),
                waivers=waivers_of(run.settings.policy, run.settings.project),
                capacity=capacity_of(run.settings.policy),
                may_lose=None if target.is_lab else allow_delete,
            )
            checked = check_privileges(target, planned.subject)
            plan = planned.plan
            reviewed = review_plan(
                plan.document, plan.resources, policy=judged, preflight=checked, strict=strict
            )
        finally:
            run.write("plan.md", to_markdown(planned.report, reviewed))
            run.write_json("plan.json", to_json(planned.report, reviewed))
        run.write_json("policy.sarif", to_sarif(judged))
        run.write("policy.xml", to_junit(judged))
        lacking = "" if checked.is_ok else f"; {checked.user} lacks privileges"
        stage.detail = f"{judged.headline}{lacking}"
        if not reviewed.is_ok:
            stage.state = State.FAILED
        if stops:
            judged.raise_for_violations()
            checked.raise_for_missing()
    return reviewed


def check_privileges(target: Target, subject: Subject) -> Preflight:
    """What applying a plan takes, against what the target's credentials have there.

    Raises:
        ApiError: the target does not say what they have.
    """
    proxmox = Proxmox.from_environment(target.environment)
    changes = subject.changes or ()
    names = target.environment
    return preflight(
        names.get("PM_API_TOKEN_ID") or names.get("PM_USER") or "?",
        needs_of(
            changes,
            resources=subject.resources,
            provider=subject.provider,
            release=_release(proxmox.version()),
        ),
        root_only_lines(changes),
        proxmox.permissions(),
    )


def _release(version: str) -> Release:
    try:
        return Release.parse(version.partition("-")[0])
    except ValueError:
        return DEFAULT_RELEASE

from __future__ import annotations

import pytest

from homelab.pve.guest_change import Impact, Step, Verb


def _step(verb: Verb, option: str, **more: object) -> Step:
    return Step(verb=verb, option=option, attribute=option, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("step", "impact", "why"),
    [
        (_step(Verb.SET, "memory", known=512), Impact.HOT, ""),
        (_step(Verb.SET, "features", known="a"), Impact.RESTART, "pending until the next start"),
        (_step(Verb.SET, "mp0"), Impact.HOT, ""),
        (_step(Verb.SET, "mp0", known="a"), Impact.RESTART, "pending until the next start"),
        (_step(Verb.SET, "unprivileged", known=1), Impact.REFUSED, "-replace"),
        (_step(Verb.DELETE, "mp0"), Impact.RESTART, "pending until the next start"),
        (_step(Verb.DELETE, "net1"), Impact.HOT, ""),
        (_step(Verb.RESIZE, "rootfs"), Impact.HOT, "grows online"),
        (_step(Verb.MOVE, "mp0"), Impact.RESTART, "stands still"),
        (_step(Verb.STOP, "start"), Impact.STOP, ""),
        (_step(Verb.START, "start"), Impact.HOT, ""),
        (_step(Verb.POOL, "pool"), Impact.HOT, ""),
    ],
)
def test_what_a_step_means_for_a_guest_that_runs(step: Step, impact: Impact, why: str) -> None:
    assert step.impact is impact
    assert why in step.why
    assert bool(step.why) is bool(why)

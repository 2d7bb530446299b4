from __future__ import annotations

from homelab.policy.rule import Observation, Verdict, fails, unclear


def test_observations_have_their_place() -> None:
    assert fails("plex", "it is privileged", "containers", "plex") == Observation(
        Verdict.FAIL, "plex", "it is privileged", ("containers", "plex")
    )
    seen = unclear("plex", "the vmid", "containers", "plex", "vmid")
    assert (seen.verdict, seen.where) == (Verdict.UNKNOWN, ("containers", "plex", "vmid"))
    assert "the vmid" in seen.message

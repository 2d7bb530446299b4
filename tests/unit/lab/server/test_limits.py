"""The budget that the limits' docstring states follows from the numbers."""

from __future__ import annotations

import resource

from homelab.lab.server.limits import Limits

LIMITS = Limits()


def test_the_descriptors_are_those_that_a_process_has_by_default() -> None:
    assert 2 * LIMITS.connections + 100 <= 1024
    assert LIMITS.connections < resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def test_strangers_and_one_user_leave_places_for_others() -> None:
    assert LIMITS.strangers_of_one_address < LIMITS.strangers
    assert LIMITS.strangers + 2 * LIMITS.of_one_user < LIMITS.connections


def test_what_a_stranger_sends_is_small() -> None:
    assert LIMITS.strangers * (LIMITS.head_bytes + LIMITS.stranger_body_bytes) <= 8 << 20
    assert LIMITS.logins < LIMITS.threads

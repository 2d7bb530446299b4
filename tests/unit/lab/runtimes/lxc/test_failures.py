from __future__ import annotations

import errno

import pytest

from homelab.errors import CapabilityError
from homelab.lab.runtime import Guest, RuntimeFailureError
from homelab.lab.runtimes.lxc.failures import failures

GUEST = Guest(vmid=201, hostname="plex")


@pytest.mark.parametrize(
    ("error", "said", "hint"),
    [
        (OSError(errno.ENOSPC, "x"), "no space left in the lab's storage", "free some disk space"),
        (OSError(errno.EDQUOT, "x"), "no space left in the lab's storage", "free some disk space"),
        (OSError(errno.EROFS, "x"), "the lab's storage failed: x", "is the disk full"),
        (OSError(errno.EIO, "x"), "the lab's storage failed: x", "is the disk full"),
        (OSError(errno.EPERM, "no", "/f"), r"\[Errno 1\] no: '/f'", ""),
        (CapabilityError("absent", hint="install it"), "absent", "install it"),
    ],
)
def test_what_fails_below_is_one_error_with_a_way_out(error, said, hint):
    with (
        pytest.raises(RuntimeFailureError, match=rf"^unable to clone CT 201 - {said}") as failure,
        failures(GUEST, "clone"),
    ):
        raise error
    assert hint in (failure.value.hint or "")


def test_an_error_of_the_runtime_passes_through():
    with (
        pytest.raises(RuntimeFailureError, match=r"^snapshot feature is not available$"),
        failures(GUEST, "snapshot"),
    ):
        raise RuntimeFailureError("snapshot feature is not available")

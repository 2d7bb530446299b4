"""Whatever fails below the lxc runtime, as its own error."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from homelab.errors import HomelabError
from homelab.lab.runtime import Guest, RuntimeFailureError


@contextmanager
def failures(guest: Guest, action: str) -> Iterator[None]:
    """Turn whatever fails into the runtime's own error, which a task shows."""
    try:
        yield
    except RuntimeFailureError:
        raise
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise RuntimeFailureError(
                f"unable to {action} CT {guest.vmid} - no space left in the lab's storage",
                hint="free some disk space, then try again",
            ) from error
        if error.errno in {errno.EROFS, errno.EIO}:
            raise RuntimeFailureError(
                f"unable to {action} CT {guest.vmid} - the lab's storage failed: {error.strerror}",
                hint="is the disk full? Free some space, then 'homelab lab down' and 'up' again",
            ) from error
        raise RuntimeFailureError(f"unable to {action} CT {guest.vmid} - {error}") from error
    except HomelabError as error:
        raise RuntimeFailureError(
            f"unable to {action} CT {guest.vmid} - {error.message}", hint=error.hint
        ) from error

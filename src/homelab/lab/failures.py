"""Failures that the API answers with a status and PVE's words."""

from __future__ import annotations

from collections.abc import Mapping

from homelab.errors import HomelabError


class ApiFailureError(HomelabError):
    """A request is refused; the first line of the message becomes the reason phrase."""

    def __init__(
        self, message: str, *, status: int = 500, errors: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.errors = dict(errors or {})
        super().__init__(message)


def invalid(parameter: str, text: str) -> ApiFailureError:
    """A parameter that is well formed but wrong here."""
    return ApiFailureError("Parameter verification failed.", status=400, errors={parameter: text})


def forbidden(text: str) -> ApiFailureError:
    """The caller may not do this; `text` is `/path, Privilege` or a reason."""
    return ApiFailureError(f"Permission check failed ({text})", status=403)


def modified() -> ApiFailureError:
    """A change was made from an older state than there is now: its digest is another one."""
    return ApiFailureError(
        "detected modified configuration - file changed by other user? Try again."
    )


def vmid_taken(vmid: int, node: str) -> ApiFailureError:
    """There is a guest with the id that a new one was to get."""
    return ApiFailureError(
        f"unable to create CT {vmid} - CT {vmid} already exists on node '{node}'"
    )


def no_such_guest(node: str, vmid: int) -> ApiFailureError:
    """There is no container with that id."""
    return ApiFailureError(f"Configuration file 'nodes/{node}/lxc/{vmid}.conf' does not exist")


def damaged_guest(vmid: int, damage: str) -> ApiFailureError:
    """What is kept of a container can't be read."""
    return ApiFailureError(
        f"the configuration of CT {vmid} is damaged: {damage}; it can only be destroyed"
    )

"""Errors as Terraform's diagnostics."""

from __future__ import annotations

from tf.utils import Diagnostics

from homelab.errors import ApiError, HomelabError


def report(diags: Diagnostics, subject: str, error: HomelabError) -> None:
    """Put an error among the diagnostics: its first line as summary, the rest as detail."""
    reason = error.reason if isinstance(error, ApiError) else error.message
    first, _, rest = reason.partition("\n")
    details = [rest] if rest else []
    if isinstance(error, ApiError):
        details.append(f"{error.request} was answered with status {error.status}.")
    if error.hint:
        details.append(f"What to do: {error.hint}")
    diags.add_error(f"{subject}: {first}", "\n".join(details))

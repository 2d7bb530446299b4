"""The provider's settings: its block in the configuration, else the environment, as Telmate's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homelab.errors import ConfigurationError
from homelab.provider.connection import Credentials
from homelab.pve.terraform_privileges import PRIVILEGES

UNUSED = ("pm_http_headers", "pm_otp", "pm_proxy_server")
"""Settings of Telmate's that change nothing here; a warning names those that are set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """Where the API is, who asks, and how."""

    url: str
    credentials: Credentials
    verify: bool
    ca_file: str | None
    parallel: int
    timeout: float
    """Seconds that a task may take."""
    privileges: tuple[str, ...]
    """What is checked before anything is done; empty for no check."""
    ignored: tuple[str, ...]

    @classmethod
    def read(cls, config: Mapping[str, Any], environment: Mapping[str, str]) -> ProviderSettings:
        """Combine both sources.

        Raises:
            ConfigurationError: no URL is given.
        """

        def text(name: str, variable: str) -> str | None:
            return config.get(name) or environment.get(variable) or None

        url = text("pm_api_url", "PM_API_URL")
        if url is None:
            raise ConfigurationError(
                "the Proxmox VE API's address is not given",
                hint='set PM_API_URL, for the lab with: eval "$(homelab lab env)"',
            )
        checked = config.get("pm_minimum_permission_check") is not False
        wanted = config.get("pm_minimum_permission_list") or PRIVILEGES
        return cls(
            url=url,
            credentials=Credentials(
                user=text("pm_user", "PM_USER"),
                password=text("pm_password", "PM_PASS"),
                token_id=text("pm_api_token_id", "PM_API_TOKEN_ID"),
                token_secret=text("pm_api_token_secret", "PM_API_TOKEN_SECRET"),
            ),
            verify=not config.get("pm_tls_insecure"),
            ca_file=environment.get("HOMELAB_CA_FILE") or None,
            parallel=int(config.get("pm_parallel") or 4),
            timeout=float(config.get("pm_timeout") or 1200),
            privileges=tuple(wanted) if checked else (),
            ignored=tuple(name for name in UNUSED if config.get(name)),
        )

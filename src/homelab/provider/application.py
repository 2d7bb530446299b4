"""The provider itself: its settings, its connection, and the resources that it offers."""

# ruff: noqa: ARG002 - signatures are the framework's
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tf.iface import DataSource, Provider, Resource
from tf.schema import Schema
from tf.utils import Diagnostics

from homelab.errors import ConfigurationError, HomelabError
from homelab.offline_provider import ADDRESS
from homelab.provider.diagnostics import report
from homelab.provider.layouts import PROVIDER
from homelab.provider.lxc import Lxc
from homelab.provider.node import Node
from homelab.provider.pool import Pool

_NOTICE = "homelab's offline provider stands in for telmate/proxmox"


class ProxmoxProvider(Provider):  # type: ignore[misc]
    """Serves `proxmox_lxc` and `proxmox_pool`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._node: Node | None = None

    @property
    def node(self) -> Node:
        """The node, once configured.

        Raises:
            ConfigurationError: the provider was not configured.
        """
        if self._node is None:
            raise ConfigurationError("the provider is used before it was configured")
        return self._node

    def full_name(self) -> str:
        return ADDRESS

    def get_model_prefix(self) -> str:
        return "proxmox_"

    def get_provider_schema(self, diags: Diagnostics) -> Schema:
        return PROVIDER.schema()

    def get_data_sources(self) -> list[type[DataSource]]:
        return []

    def get_resources(self) -> list[type[Resource]]:
        return [Lxc, Pool]

    def validate_config(self, diags: Diagnostics, config: dict[str, Any]) -> None:
        """Nothing: settings that are absent here may still come from the environment."""

    def configure_provider(self, diags: Diagnostics, config: dict[str, Any]) -> None:
        """Connect and check the privileges, so that what can't work fails before anything is done."""
        diags.add_warning(
            _NOTICE,
            "It came from the filesystem mirror that TF_CLI_CONFIG_FILE names. It makes the same "
            "API calls for proxmox_lxc and proxmox_pool; production uses Telmate's own.",
        )
        try:
            self._node = self._connect(diags, config)
        except HomelabError as error:
            report(diags, "Proxmox VE", error)

    def _connect(self, diags: Diagnostics, config: dict[str, Any]) -> Node:
        # Imported here because most processes of the provider only hand out the schema.
        from homelab.provider.connection import Connection
        from homelab.provider.settings import ProviderSettings

        settings = ProviderSettings.read(config, self._environment)
        for name in settings.ignored:
            diags.add_warning(f"{name} has no effect with homelab's offline provider", path=[name])
        connection = Connection(
            settings.url,
            settings.credentials,
            ca_file=settings.ca_file,
            verify=settings.verify,
            task_timeout=settings.timeout,
        )
        connection.login()
        _check_privileges(connection, settings)
        return Node(connection, parallel=settings.parallel)


def _check_privileges(connection: Any, settings: Any) -> None:
    if not settings.privileges:
        return
    given = settings.credentials
    user = str(given.token_id or given.user).partition("!")[0]
    answer = connection.get(f"access/permissions?userid={user}&path=/") or {}
    held = answer.get("/") or {}
    missing = [name for name in settings.privileges if not held.get(name)]
    if missing:
        raise ConfigurationError(
            f"user {user} lacks privileges on /: {', '.join(missing)}",
            hint="grant them, or narrow pm_minimum_permission_list",
        )

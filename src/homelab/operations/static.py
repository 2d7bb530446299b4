"""What can be checked before anything is started: the topology, formatting, and validity."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from homelab import policy
from homelab.clients.terraform import Terraform
from homelab.errors import ConfigurationError, HomelabError, TopologyError
from homelab.model import Topology
from homelab.policy.configuration import capacity_of, waivers_of
from homelab.policy.extensions import all_rules
from homelab.settings import Settings


def load_topology(directory: Path, variables: Mapping[str, str]) -> Topology:
    """The topology as the files declare it.

    Raises:
        TopologyError: every problem with its file and line.
        ConfigurationError: there is no such directory.
    """
    if not directory.is_dir():
        raise ConfigurationError(
            f"there is no {directory}", hint="run this in the project's directory"
        )
    return Topology.load(directory, variables=dict(variables))


def check_terraform(terraform: Terraform) -> None:
    """Format, initialisation and validity, in this order.

    Raises:
        ConfigurationError: a file is not formatted, or not valid.
        TerraformError: Terraform itself failed.
    """
    unformatted = terraform.fmt_check()
    if unformatted:
        listing = "\n".join(f"  {name}" for name in unformatted)
        raise ConfigurationError(
            f"these files are not formatted:\n{listing}",
            hint=f"run: terraform -chdir={terraform.directory.name} fmt -recursive",
        )
    terraform.init()
    errors = [item for item in terraform.validate() if item.is_error]
    if errors:
        listing = "\n".join(f"  {item}" for item in errors)
        raise ConfigurationError(f"the Terraform configuration is not valid:\n{listing}")


def in_terms_of_policy(settings: Settings, error: TopologyError) -> HomelabError:
    """A contradiction in the topology as violations of rules, where there are rules for it."""
    try:
        judged = policy.evaluate_tree(
            settings.project / "terraform",
            rules=all_rules(settings.project),
            waivers=waivers_of(settings.policy, settings.project),
            capacity=capacity_of(settings.policy),
        )
    except TopologyError:
        return error
    if judged.is_ok:
        return error
    return policy.PolicyViolationError(judged, problems=error.problems)

"""What can be checked before anything is started: the topology, formatting, and validity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from homelab.clients.terraform.client import Terraform
from homelab.errors import ConfigurationError, HomelabError, TopologyError
from homelab.model import Topology
from homelab.operations.review.judge import judge
from homelab.operations.stages.present_on_node import MissingOnNodeError
from homelab.policy import PolicyViolationError
from homelab.policy.extensions import all_rules
from homelab.policy.formats import to_failures
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


@contextmanager
def in_terms_of_policy(settings: Settings) -> Iterator[None]:
    """Tell what is wrong with the files in the body also as the rules that they break.

    Terraform's and the node's own words stop a plan before the policy could judge it.

    Raises:
        PolicyViolationError: in place of a TopologyError whose contradictions violate rules.
        HomelabError: what the body raised, with the rules that fail as its remarks.
    """
    try:
        yield
    except (ConfigurationError, MissingOnNodeError, TopologyError) as error:
        try:
            judged = judge(settings, rules=all_rules(settings.project))
        except HomelabError:
            raise error from None
        if isinstance(error, TopologyError) and not judged.is_ok:
            violation = PolicyViolationError(judged)
            violation.remarks = tuple(f"also: {problem}" for problem in error.problems)
            raise violation from error
        found = to_failures(judged)
        if found:
            error.remarks = ("what the policy says of these files:", *found)
        raise

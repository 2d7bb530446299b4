"""What is checked before anything is started: the topology, formatting, and validity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from homelab.clients.terraform.client import Terraform
from homelab.errors import ConfigurationError, HomelabError, TopologyError
from homelab.model import Topology
from homelab.model.hcl import Declared, declared
from homelab.operations.review.judge import judge, require_coherent
from homelab.operations.stages.present_on_node import MissingOnNodeError
from homelab.policy.extensions import all_rules
from homelab.policy.formats import to_failures
from homelab.settings import Settings
from homelab.wording import listed


def read_tree(settings: Settings) -> Declared:
    """What the project's terraform/ says.

    Raises:
        TopologyError: a file is not HCL.
        ConfigurationError: there is no such directory.
    """
    directory = settings.project / "terraform"
    if not directory.is_dir():
        raise ConfigurationError(
            f"there is no {directory}", hint="run this in the project's directory"
        )
    return declared(directory)


def load_topology(
    settings: Settings, variables: Mapping[str, str], *, tree: Declared | None = None
) -> Topology:
    """The topology as the files declare it, or `tree`, which was read of them already.

    Raises:
        TopologyError: every value that is none, with its file and line.
        PolicyViolationError: the tree contradicts itself.
        ConfigurationError: there is no such directory.
    """
    source = read_tree(settings) if tree is None else tree
    topology = Topology.load(source, variables=variables)
    require_coherent(settings, source, variables)
    return topology


def check_terraform(terraform: Terraform) -> None:
    """Format, initialisation and validity, in this order.

    Raises:
        ConfigurationError: a file is not formatted, or not valid.
        TerraformError: Terraform itself failed.
    """
    if unformatted := terraform.fmt_check():
        raise ConfigurationError(
            f"these files are not formatted:{listed(unformatted)}",
            hint=f"run: terraform -chdir={terraform.directory.name} fmt -recursive",
        )
    terraform.init()
    if errors := [item for item in terraform.validate() if item.is_error]:
        raise ConfigurationError(f"the Terraform configuration is not valid:{listed(errors)}")


@contextmanager
def in_terms_of_policy(settings: Settings, tree: Declared | None) -> Iterator[None]:
    """Tell what is wrong with the files in the body also as the rules that they break.

    The form of a value, Terraform's and the node's own words stop a plan before the policy could
    judge it. `tree` is what was read of the files.

    Raises:
        HomelabError: what the body raised, with the rules that fail as its remarks.
    """
    try:
        yield
    except (ConfigurationError, MissingOnNodeError, TopologyError) as error:
        try:
            judged = judge(settings, rules=all_rules(settings.project), tree=tree)
        except HomelabError:
            raise error from None
        if found := to_failures(judged):
            error.remarks = ("what the policy says of these files:", *found)
        raise

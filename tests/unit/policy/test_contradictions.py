"""A tree that contradicts itself is a topology all the same, and the rules name what is wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homelab import policy
from homelab.errors import TopologyError
from homelab.model import Topology, document_of, start_waves, topology_from_document
from homelab.policy.contradictions import CONTRADICTIONS

MEDIA = "containers/media-stack.tf"
SECURITY = "containers/security.tf"
BUSINESS = "containers/business.tf"
NETWORKS = "containers/networks.tf"


class Case(NamedTuple):
    name: str
    rule: str
    file: str
    old: str
    new: str
    said: str
    """The item, and what is said about it."""
    line_offset: int = 0


CASES = [
    Case("vmid", "HL101", MEDIA, "= 202", "= 201", "jellyfin: vmid 201 is also plex's"),
    Case(
        "vmid-elsewhere",
        "HL101",
        SECURITY,
        "vmid        = 401",
        "vmid        = 201",
        "vpn-gateway: vmid 201 is also plex's",
    ),
    Case(
        "address",
        "HL102",
        MEDIA,
        "10.10.0.22/24",
        "10.10.0.21/24",
        "jellyfin: address 10.10.0.21/24 is also that of plex",
    ),
    Case(
        "node-address",
        "HL102",
        MEDIA,
        "10.10.0.22/24",
        "10.10.0.1/24",
        "jellyfin: address 10.10.0.1/24 is also that of the node on lan",
    ),
    Case(
        "outside",
        "HL103",
        MEDIA,
        "10.10.0.21/24",
        "10.30.0.21/24",
        "plex: 10.30.0.21/24 is not in 10.10.0.0/24 of vmbr0",
    ),
    Case(
        "no-prefix",
        "HL103",
        MEDIA,
        "10.10.0.21/24",
        "10.10.0.21",
        "plex: 10.10.0.21 has another prefix length than 10.10.0.0/24 of vmbr0",
    ),
    Case(
        "end",
        "HL103",
        MEDIA,
        "10.10.0.21/24",
        "10.10.0.255/24",
        "plex: 10.10.0.255/24 is an end of 10.10.0.0/24",
    ),
    Case(
        "bridge",
        "HL104",
        MEDIA,
        'bridge = "vmbr0", ip = "10.10.0.21/24"',
        'bridge = "vmbr9", ip = "10.10.0.21/24"',
        "plex: bridge 'vmbr9' is not declared (vmbr0, vmbr1)",
    ),
    Case(
        "port",
        "HL106",
        MEDIA,
        "[{ port = 32400 }]",
        "[{ port = 32400 }, { port = 32400 }]",
        "plex: port 32400/tcp is published twice",
    ),
    Case(
        "sshd",
        "HL106",
        BUSINESS,
        "{ port = 2222 }",
        "{ port = 22 }",
        "gitea: port 22/tcp is the container's own sshd",
    ),
    Case(
        "two-gateways",
        "HL108",
        SECURITY,
        'ip = "10.20.0.1/24" }',
        'ip = "10.20.0.1/24", gateway = "10.20.0.254" }',
        "vpn-gateway: eth0 and eth1 have a gateway each",
    ),
    Case(
        "same-bridge",
        "HL109",
        NETWORKS,
        '"vmbr1"',
        '"vmbr0"',
        "vpn: bridge vmbr0 is also that of lan",
    ),
    Case(
        "overlap",
        "HL109",
        NETWORKS,
        "10.20.0.0/24",
        "10.0.0.0/8",
        "vpn: 10.0.0.0/8 overlaps 10.10.0.0/24 of lan",
    ),
    Case(
        "gateway",
        "HL110",
        NETWORKS,
        '"10.10.0.1"',
        '"10.11.0.1"',
        "lan: gateway 10.11.0.1 is outside 10.10.0.0/24",
    ),
    Case(
        "nobody",
        "HL110",
        NETWORKS,
        '"10.20.0.1"',
        '"10.20.0.7"',
        "vpn: gateway 10.20.0.7 is neither the node's address nor a container's",
    ),
    Case(
        "node-elsewhere",
        "HL110",
        NETWORKS,
        '"10.20.0.254/24"',
        '"10.20.0.254/25"',
        "vpn: the node's 10.20.0.254/25 is not an address in 10.20.0.0/24",
    ),
    Case(
        "own-gateway",
        "HL110",
        MEDIA,
        'ip = "10.10.0.21/24"',
        'ip = "10.10.0.21/24", gateway = "10.20.0.1"',
        "plex: gateway 10.20.0.1 is outside 10.10.0.0/24 of vmbr0",
    ),
    Case(
        "interface",
        "HL111",
        SECURITY,
        'ip = "10.20.0.1/24" }',
        'ip = "10.20.0.1/24", name = "eth0" }',
        "vpn-gateway: interface eth0 is there twice",
    ),
    Case(
        "no-nesting",
        "HL202",
        MEDIA,
        "cores        = 4",
        "features = { nesting = false }",
        "plex: nesting is off, and Docker does not run without it",
    ),
    Case(
        "feature",
        "HL203",
        MEDIA,
        "cores        = 4",
        "features = { keyctl = true }",
        "plex: the feature keyctl needs root@pam's own ticket",
    ),
    Case(
        "source",
        "HL208",
        SECURITY,
        '["lan", "vpn"]',
        '["lan", "dmz"]',
        "vpn-gateway: 'dmz' is no network, container or CIDR",
    ),
    Case(
        "any-source",
        "HL208",
        SECURITY,
        '["lan", "vpn"]',
        '["lan", "any"]',
        "vpn-gateway: 'any' is no network, container or CIDR",
    ),
    Case(
        "source-twice",
        "HL208",
        SECURITY,
        '["lan", "vpn"]',
        '["lan", "lan"]',
        "vpn-gateway: source 'lan' is there twice",
    ),
    Case(
        "host-as-network",
        "HL208",
        SECURITY,
        '["lan", "vpn"]',
        '["lan", "10.20.0.7/24"]',
        "vpn-gateway: '10.20.0.7/24' is no network, container or CIDR",
    ),
    Case(
        "secret-with-a-value",
        "HL216",
        MEDIA,
        'secrets     = ["PLEX_CLAIM"]',
        'secrets = ["PLEX_CLAIM", "TZ"]',
        "plex: TZ is a secret, and has a value in environment",
        -1,
    ),
    Case(
        "secret-twice",
        "HL216",
        MEDIA,
        'secrets     = ["PLEX_CLAIM"]',
        'secrets = ["PLEX_CLAIM", "PLEX_CLAIM"]',
        "plex: secret PLEX_CLAIM is there twice",
    ),
    Case(
        "variable",
        "HL216",
        MEDIA,
        'secrets     = ["PLEX_CLAIM"]',
        'secrets = ["PLEX-CLAIM"]',
        "plex: 'PLEX-CLAIM' is no variable's name",
    ),
    Case(
        "size",
        "HL306",
        MEDIA,
        '{ size = "16G" }',
        '{ size = "16" }',
        "plex: size 16 is not a whole number of MiB",
    ),
    Case(
        "long-size",
        "HL306",
        MEDIA,
        '{ size = "16G" }',
        '{ size = "16384M" }',
        "plex: size 16384M is printed as 16G",
    ),
    Case(
        "mount-point",
        "HL406",
        MEDIA,
        'size = "64G", backup = false }',
        'size = "64G", backup = false }, { path = "/srv/media", size = "1G" }',
        "plex: mount point /srv/media is there twice",
    ),
    Case(
        "start-order",
        "HL501",
        MEDIA,
        "startup      = { order = 4 }",
        "startup      = { order = 3 }",
        "bazarr: order 3 is not after 3 of sonarr",
    ),
    Case(
        "dependency",
        "HL502",
        MEDIA,
        'depends_on  = ["plex"]',
        'depends_on  = ["plexx"]',
        "tautulli: it depends on 'plexx', which is not declared",
    ),
    Case(
        "dependency-twice",
        "HL502",
        MEDIA,
        'depends_on  = ["plex"]',
        'depends_on  = ["plex", "plex"]',
        "tautulli: it depends on 'plex' twice",
    ),
    Case(
        "self",
        "HL502",
        MEDIA,
        'depends_on  = ["plex"]',
        'depends_on  = ["tautulli"]',
        "tautulli: dependencies form a cycle: tautulli -> tautulli",
    ),
    Case(
        "health-port",
        "HL503",
        MEDIA,
        'health      = { port = 32400, path = "/identity" }',
        "health      = { port = 1 }",
        "plex: health port 1 is not a published tcp port",
    ),
    Case(
        "tag",
        "HL507",
        MEDIA,
        '["streaming"]',
        '["Streaming"]',
        "plex: Proxmox VE would rewrite the tag 'Streaming'",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_rule_names_file_line_item_and_value(
    case: Case, tree: Path, edit: Callable[[str, str, str], None]
) -> None:
    text = (tree / case.file).read_text()
    line = text[: text.index(case.old)].count("\n") + 1 + case.line_offset
    edit(case.file, case.old, case.new)

    report = policy.evaluate_tree(tree, rules=CONTRADICTIONS)
    topology = Topology.load(tree)

    said = [f"{finding.item}: {finding.message}" for finding in report.violations]
    assert said.count(case.said) == 1, said
    found = report.violations[said.index(case.said)]
    assert found.rule.id == case.rule
    assert str(found.place) == f"terraform/{case.file}:{line}"
    assert found.rule.fix in str(policy.PolicyViolationError(report))
    alone = policy.evaluate(None, topology, rules=CONTRADICTIONS, directory="/nowhere")
    assert {(one.rule.id, one.item) for one in alone.violations} == {
        (one.rule.id, one.item) for one in report.violations
    }


def test_each_of_them_has_a_case() -> None:
    assert {rule.id for rule in CONTRADICTIONS} == {case.rule for case in CASES}
    assert not any(rule.needs_plan for rule in CONTRADICTIONS)


def test_every_contradiction_is_found_at_once(
    tree: Path, edit: Callable[[str, str, str], None]
) -> None:
    edit(MEDIA, "= 202", "= 201")
    edit(MEDIA, "10.10.0.22/24", "10.10.9.22/24")
    edit(SECURITY, "port = 443", "port = 80")

    report = policy.evaluate_tree(tree, rules=CONTRADICTIONS)

    assert [(finding.rule.id, finding.item) for finding in report.violations] == [
        ("HL101", "jellyfin"),
        ("HL103", "jellyfin"),
        ("HL106", "traefik"),
    ]


def test_a_cycle_loads_and_has_no_waves(tree: Path, edit: Callable[[str, str, str], None]) -> None:
    edit(MEDIA, 'depends_on  = ["plex"]', 'depends_on  = ["tautulli"]')

    with pytest.raises(TopologyError, match="form a cycle: tautulli -> tautulli"):
        start_waves(Topology.load(tree))


@settings(deadline=None)
@given(data=st.data())
def test_any_taken_value_is_found(topology: Topology, data: st.DataObject) -> None:
    document = copy.deepcopy(document_of(topology))
    names = [container.name for container in topology]
    one = data.draw(st.sampled_from(names))
    other = data.draw(st.sampled_from([name for name in names if name != one]))
    field = data.draw(st.sampled_from(["vmid", "address"]))
    if field == "vmid":
        document["containers"][one]["vmid"] = document["containers"][other]["vmid"]
    else:
        document["containers"][one]["networks"][0] = document["containers"][other]["networks"][0]

    wrong = topology_from_document(document)
    report = policy.evaluate(None, wrong, rules=CONTRADICTIONS, directory="/nowhere")

    taken = [f for f in report.violations if f.rule.id in {"HL101", "HL102"}]
    assert len(taken) == 1
    assert {one, other} == {taken[0].item, _owner(taken[0].message)}


def _owner(message: str) -> str:
    """Whose the value is, as HL101 and HL102 say it."""
    return message.rsplit(maxsplit=1)[-1].removesuffix("'s")

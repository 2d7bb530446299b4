"""Wrong input gives one clear error that names file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from homelab.errors import TopologyError
from homelab.model import Topology

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MEDIA = "containers/media-stack.tf"
SECURITY = "containers/security.tf"
NETWORKS = "containers/networks.tf"


class Case(NamedTuple):
    name: str
    file: str
    old: str
    new: str
    message: str
    line_offset: int = 0


CASES = [
    Case("typo", MEDIA, "vmid         = 201", "vmid         = ", "invalid expression"),
    Case("unclosed", MEDIA, '["streaming"]', '["streaming"', "missing item separator", 1),
    Case("vmid", MEDIA, "vmid         = 202", "vmid = 201", "jellyfin: vmid 201 is taken by plex"),
    Case(
        "vmid-elsewhere",
        SECURITY,
        "vmid        = 401",
        "vmid = 505",
        "n8n: vmid 505 is taken by vpn-gateway",
        -1,
    ),
    Case(
        "address",
        MEDIA,
        "10.10.0.22/24",
        "10.10.0.21/24",
        "jellyfin: address 10.10.0.21 is taken by plex",
    ),
    Case(
        "node-address",
        MEDIA,
        "10.10.0.22/24",
        "10.10.0.1/24",
        "jellyfin: address 10.10.0.1 is taken by the node on lan",
    ),
    Case(
        "key",
        MEDIA,
        "      cores        = 4\n",
        "      cores        = 4\n      cores        = 2\n",
        "key 'cores' is there twice",
        1,
    ),
    Case("entry-key", MEDIA, "    jellyfin = {", "    plex = {", "key 'plex' is there twice"),
    Case(
        "port",
        MEDIA,
        "[{ port = 32400 }]",
        "[{ port = 32400 }, { port = 32400 }]",
        "plex: port 32400/tcp is there twice",
    ),
    Case(
        "sshd",
        "containers/business.tf",
        "{ port = 2222 }",
        "{ port = 22 }",
        "gitea: port 22/tcp is taken by the container's own sshd",
    ),
    Case(
        "health-port",
        MEDIA,
        'health      = { port = 32400, path = "/identity" }',
        "health      = { port = 1 }",
        "plex: health port 1 is not a tcp port",
    ),
    Case(
        "dependency",
        MEDIA,
        'depends_on  = ["plex"]',
        'depends_on  = ["plexx"]',
        "tautulli: depends on 'plexx', which is not declared",
    ),
    Case(
        "cycle",
        SECURITY,
        "        slo         = 99.9\n        environment = { TZ",
        '        slo         = 99.9\n        depends_on  = ["vaultwarden"]\n        environment = { TZ',
        "dependencies form a cycle: ",
    ),
    Case(
        "self",
        MEDIA,
        'depends_on  = ["plex"]',
        'depends_on  = ["tautulli"]',
        "dependencies form a cycle: tautulli -> tautulli",
    ),
    Case(
        "start-order",
        MEDIA,
        "startup      = { order = 4 }",
        "startup      = { order = 3 }",
        "bazarr: start order 3 is not after 3 of sonarr",
    ),
    Case(
        "bridge",
        MEDIA,
        'bridge = "vmbr0", ip = "10.10.0.21/24"',
        'bridge = "vmbr9", ip = "10.10.0.21/24"',
        "plex: unknown bridge 'vmbr9'; declared are vmbr0, vmbr1",
    ),
    Case(
        "outside",
        MEDIA,
        "10.10.0.21/24",
        "10.30.0.21/24",
        "plex: 10.30.0.21/24 is not an address in 10.10.0.0/24",
    ),
    Case(
        "no-prefix",
        MEDIA,
        "10.10.0.21/24",
        "10.10.0.21",
        "plex: 10.10.0.21/32 is not an address in 10.10.0.0/24",
    ),
    Case("end", MEDIA, "10.10.0.21/24", "10.10.0.255/24", "plex: 10.10.0.255 is an end of"),
    Case(
        "nonsense-address",
        MEDIA,
        "10.10.0.21/24",
        "10.10.0/24",
        "plex: networks.0.ip is '10.10.0/24': expected 4 octets",
    ),
    Case(
        "attribute",
        MEDIA,
        "memory       = 4096",
        "memmory = 4096",
        "plex: unknown attribute 'memmory'; did you mean 'memory'?",
    ),
    Case(
        "service-attribute",
        MEDIA,
        '["prowlarr", "qbittorrent"]\n        slo ',
        '["prowlarr", "qbittorrent"]\n        slos = 3\n        slo ',
        "sonarr: unknown attribute 'service.slos'; did you mean 'slo'?",
        1,
    ),
    Case(
        "type",
        MEDIA,
        "memory       = 4096",
        'memory = "4096"',
        "plex: memory is '4096': input should be a valid integer",
    ),
    Case("bool-as-number", MEDIA, "cores        = 4", "cores = true", "plex: cores is True: "),
    Case("too-small", MEDIA, "memory       = 4096", "memory = 1", "plex: memory is 1: "),
    Case(
        "missing",
        MEDIA,
        "vmid         = 201\n",
        "\n",
        "plex: attribute 'vmid' is missing",
        -1,
    ),
    Case(
        "null",
        MEDIA,
        "vmid         = 201\n",
        "vmid = null\n",
        "plex: attribute 'vmid' is missing",
        -1,
    ),
    Case(
        "reference",
        MEDIA,
        "memory       = 4096",
        "memory = local.gib * 4",
        "plex.memory must be a literal value, not the expression local.gib*4",
    ),
    Case(
        "interpolation",
        MEDIA,
        '"10.10.0.21/24"',
        '"10.10.0.${10 + 11}/24"',
        "plex.networks.0.ip must be a literal value",
    ),
    Case(
        "function",
        MEDIA,
        "    plex = {\n",
        "    extra = merge({}, {})\n    plex = {\n",
        "extra must be a literal value, not the expression merge({},{})",
    ),
    Case(
        "literal-entry",
        MEDIA,
        "    plex = {\n",
        "    extra = 3\n    plex = {\n",
        "extra must be an object of attributes",
    ),
    Case("name", MEDIA, "    plex = {", "    Plex_1 = {", "'Plex_1' is not a host name"),
    Case("size", MEDIA, '{ size = "16G" }', '{ size = "16" }', "size 16 is not a whole number"),
    Case(
        "long-size",
        MEDIA,
        '{ size = "16G" }',
        '{ size = "16384M" }',
        "plex: write 16G instead of 16384M",
    ),
    Case("no-size", MEDIA, '{ size = "16G" }', '{ size = "big" }', "plex: rootfs.size is 'big': "),
    Case(
        "feature",
        MEDIA,
        "cores        = 4",
        "features = { keyctl = true }",
        "plex: the feature keyctl needs root@pam's own ticket",
    ),
    Case(
        "no-nesting",
        MEDIA,
        "cores        = 4",
        "features = { nesting = false }",
        "plex: Docker does not run without the feature nesting",
    ),
    Case("tag", MEDIA, '["streaming"]', '["Streaming"]', "plex: tag 'Streaming' must consist of"),
    Case("latest", MEDIA, "plex:1.41.6", "plex:latest", "is not pinned to a version"),
    Case("untagged", MEDIA, "plex:1.41.6", "plex", "plex: service.image is "),
    Case(
        "source",
        SECURITY,
        '["lan", "vpn"]',
        '["lan", "dmz"]',
        "vpn-gateway: source 'dmz' of port 9999 is no network",
    ),
    Case(
        "secret-value",
        MEDIA,
        'secrets     = ["PLEX_CLAIM"]',
        'secrets = ["PLEX_CLAIM", "TZ"]',
        "plex: TZ is a secret, and has a value in environment",
        -1,
    ),
    Case(
        "mount-point",
        MEDIA,
        'size = "64G", backup = false }',
        'size = "64G", backup = false }, { path = "/srv/media", size = "1G" }',
        "plex: mount point /srv/media is there twice",
    ),
    Case(
        "overlap",
        NETWORKS,
        "10.20.0.0/24",
        "10.0.0.0/8",
        "vpn: 10.0.0.0/8 overlaps 10.10.0.0/24 of lan",
    ),
    Case("gateway", NETWORKS, '"10.10.0.1"', '"10.11.0.1"', "lan: gateway 10.11.0.1 is outside"),
    Case("nobody", NETWORKS, '"10.20.0.1"', '"10.20.0.7"', "vpn: gateway 10.20.0.7 is neither"),
    Case("same-bridge", NETWORKS, '"vmbr1"', '"vmbr0"', "vpn: bridge vmbr0 is taken by lan"),
    Case(
        "category",
        "containers/outputs.tf",
        "media      = local.media",
        "media = local.medias",
        "category 'media' must name a local of containers/",
    ),
    Case(
        "local-twice",
        SECURITY,
        "  security = {",
        "  media = {}\n  security = {",
        "local 'media' is there twice",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_one_clear_error_with_file_and_line(
    case: Case, tree: Path, edit: Callable[[str, str, str], int]
) -> None:
    line = edit(case.file, case.old, case.new) + case.line_offset
    with pytest.raises(TopologyError) as caught:
        Topology.load(tree)
    matching = [p for p in caught.value.problems if case.message.lower() in p.lower()]
    assert matching, str(caught.value)
    if case.name not in {"cycle", "vmid-elsewhere"}:
        assert matching[0].startswith(f"{tree / case.file}:{line}: "), matching[0]
    assert len(matching) == 1


def test_a_duplicate_names_both_places(tree: Path, edit: Callable[[str, str, str], int]) -> None:
    second = edit(MEDIA, "vmid         = 202", "vmid         = 201")
    with pytest.raises(TopologyError) as caught:
        Topology.load(tree)
    first = (tree / MEDIA).read_text().split("vmid         = 201")[0].count("\n") + 1
    assert caught.value.problems == (
        f"{tree / MEDIA}:{second}: jellyfin: vmid 201 is taken by plex (see {tree / MEDIA}:{first})",
    )


def test_a_name_in_two_categories(tree: Path, edit: Callable[[str, str, str], int]) -> None:
    edit(SECURITY, "    authelia = {", "    plex = {")
    with pytest.raises(TopologyError, match="the name plex is"):
        Topology.load(tree)


def test_every_problem_is_listed_in_the_order_of_the_lines(
    tree: Path, edit: Callable[[str, str, str], int]
) -> None:
    edit(MEDIA, "memory       = 4096", "memmory      = 4096")
    edit(MEDIA, "10.10.0.22/24", "10.10.9.22/24")
    edit(SECURITY, "port = 443", "port = 80")
    with pytest.raises(TopologyError) as caught:
        Topology.load(tree)
    messages = [problem.split(": ", 1)[1] for problem in caught.value.problems]
    assert [message.split(":")[0] for message in messages] == ["plex", "jellyfin", "traefik"]


def test_an_unreadable_entry_does_not_make_its_dependents_wrong(
    tree: Path, edit: Callable[[str, str, str], int]
) -> None:
    edit(MEDIA, "memory       = 4096", "memmory      = 4096")
    with pytest.raises(TopologyError) as caught:
        Topology.load(tree)
    assert len(caught.value.problems) == 1


def test_syntax_errors_of_all_files_are_listed(
    tree: Path, edit: Callable[[str, str, str], int]
) -> None:
    edit(MEDIA, "plex = {", "plex = = {")
    edit(SECURITY, "traefik = {", "traefik {{")
    (tree / "main.tf").write_bytes(b"# \xff\n")
    (tree / "outputs.tf").write_bytes(b"\n\0")
    with pytest.raises(TopologyError) as caught:
        Topology.load(tree)
    files = {problem.split(":")[0].rsplit("/", 1)[1] for problem in caught.value.problems}
    assert files == {"media-stack.tf", "security.tf", "main.tf", "outputs.tf"}


def test_a_file_that_cannot_be_read_is_an_error(tree: Path) -> None:
    (tree / "containers/odd.tf").mkdir()
    (tree / "containers/more.tf.json").write_text("{}")
    with pytest.raises(TopologyError) as caught:
        Topology.load(tree)
    assert [problem.split("/")[-1] for problem in caught.value.problems] == [
        "odd.tf:1: the file cannot be read: Is a directory",
        "more.tf.json:1: Terraform's JSON syntax is not read here; write it as HCL",
    ]

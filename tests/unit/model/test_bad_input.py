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
    Case(
        "list-entry",
        MEDIA,
        "    plex = {\n",
        "    extra = [3]\n    plex = {\n",
        "extra must be an object of attributes",
    ),
    Case("name", MEDIA, "    plex = {", "    Plex_1 = {", "'Plex_1' is not a host name"),
    Case("no-size", MEDIA, '{ size = "16G" }', '{ size = "big" }', "plex: rootfs.size is 'big': "),
    Case("latest", MEDIA, "plex:1.41.6", "plex:latest", "is not pinned to a version"),
    Case("untagged", MEDIA, "plex:1.41.6", "plex", "plex: service.image is "),
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
    assert matching[0].startswith(f"{tree / case.file}:{line}: "), matching[0]
    assert len(matching) == 1


def test_a_name_in_two_categories(tree: Path, edit: Callable[[str, str, str], int]) -> None:
    edit(SECURITY, "    authelia = {", "    plex = {")
    with pytest.raises(TopologyError, match="the name plex is"):
        Topology.load(tree)


def test_every_problem_is_listed_in_the_order_of_the_lines(
    tree: Path, edit: Callable[[str, str, str], int]
) -> None:
    edit(MEDIA, "memory       = 4096", "memmory      = 4096")
    edit(MEDIA, "10.10.0.22/24", "10.10.0.22/99")
    edit(SECURITY, "port = 443", "port = 0")
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

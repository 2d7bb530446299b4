"""Pages are written from the model, are the same each time, and are current here."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from homelab.model import Topology
from homelab.policy import evaluate_tree
from homelab.repository.docs.arrows import arrows
from homelab.repository.docs.generated import PAGE, pages, stale_pages, write_pages
from homelab.repository.docs.layout import BOX_HEIGHT, BOX_WIDTH, column_order, panels
from homelab.repository.docs.markdown import table
from homelab.repository.docs.picture import picture
from homelab.repository.docs.policy_page import policy_page
from homelab.settings import Settings, load

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def topology() -> Topology:
    return Topology.load(ROOT / "terraform")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A project with no page yet."""
    left_out = shutil.ignore_patterns(".terraform*", "terraform.tfstate*", "README.md")
    shutil.copytree(ROOT / "terraform", tmp_path / "terraform", ignore=left_out)
    return load(tmp_path)


def test_pages_of_this_project_are_current() -> None:
    assert stale_pages(load(ROOT)) == ()


def test_pages_are_written_once(settings: Settings) -> None:
    assert PAGE in write_pages(settings)
    assert write_pages(settings) == ()
    assert stale_pages(settings) == ()


def test_changed_entry_makes_pages_stale(settings: Settings) -> None:
    write_pages(settings)
    path = settings.project / "terraform/containers/media-stack.tf"
    path.write_text(path.read_text().replace("memory       = 4096", "memory       = 6144", 1))

    assert PAGE in stale_pages(settings)


def test_page_has_every_container_address_and_port(topology: Topology) -> None:
    text = pages(load(ROOT))[PAGE]

    for container in topology:
        assert f"**{container.name}**" in text
        for interface in container.networks:
            assert f"| {interface.address} | {interface.bridge} | {container.name} " in text
        for port in container.service.ports:
            assert f"| {container.name} | {port.port}/{port.protocol} |" in text
        for needed in container.service.depends_on:
            ends = (name.replace("-", "_") for name in (container.name, needed))
            assert "  c_{} --> c_{}\n".format(*ends) in text


def test_module_page_has_every_input_and_output() -> None:
    text = pages(load(ROOT))["terraform/modules/lxc-container/README.md"]

    for name in ("name", "container", "networks", "ssh_public_keys", "declared", "id"):
        assert f"| `{name}` |" in text
    assert '| `ssh_public_keys` | `string` | `""` |' in text
    assert "    depends_on  = optional(list(string), [])\n" in text
    assert "- service.slo is a percentage above 0 and at most 100." in text


def test_cell_cannot_end_its_row() -> None:
    assert table(("a",), [("x|y\nz",)])[2] == "| x\\|y z |"


def test_picture_is_xml_with_every_container(topology: Topology) -> None:
    drawn = picture(topology)
    texts = [element.text for element in ET.fromstring(drawn).iter() if element.text]  # noqa: S314

    assert drawn == picture(topology)
    assert {container.name for container in topology} <= set(texts)
    for network in topology.networks:
        assert any(str(network.cidr) in text for text in texts)


def _spread(topology: Topology, nodes: int) -> Topology:
    containers = tuple(
        container.model_copy(update={"node": f"pve{container.vmid % nodes}"})
        for container in topology
    )
    return topology.model_copy(update={"containers": containers})


@pytest.mark.parametrize("nodes", [1, 2, 3])
def test_nothing_overlaps(topology: Topology, nodes: int) -> None:
    drawn = panels(_spread(topology, nodes))
    boxes = [box for panel in drawn for box in panel.boxes]

    assert len(drawn) == nodes
    assert len(boxes) == len(topology)
    for index, one in enumerate(boxes):
        for other in boxes[index + 1 :]:
            apart = abs(one.x - other.x) >= BOX_WIDTH or abs(one.y - other.y) >= BOX_HEIGHT
            assert apart, (one.container.name, other.container.name)
    for panel in drawn:
        for box in panel.boxes:
            assert panel.y < box.y < box.y + BOX_HEIGHT < panel.y + panel.height
            assert box.x + BOX_WIDTH < panel.width


def test_each_container_hangs_on_each_of_its_bridges(topology: Topology) -> None:
    (panel,) = panels(topology)
    stubs = {(riser.network.bridge, height) for riser in panel.risers for height, _ in riser.stubs}

    for box in panel.boxes:
        for interface in box.container.networks:
            assert any(
                bridge == interface.bridge and box.y < height < box.y + BOX_HEIGHT
                for bridge, height in stubs
            )


def test_arrow_for_each_dependency(topology: Topology) -> None:
    boxes = tuple(box for panel in panels(_spread(topology, 2)) for box in panel.boxes)
    needs = sorted(name for container in topology for name in container.service.depends_on)
    drawn = arrows(boxes)

    assert sorted(arrow.needs for arrow in drawn) == needs
    assert len({arrow.path for arrow in drawn}) == len(needs)
    assert all(re.fullmatch(r"M[\d.,]+ C[-\d., ]+", arrow.path) for arrow in drawn)


def test_categories_that_need_each_other_are_neighbours(topology: Topology) -> None:
    order = column_order(topology)

    assert abs(order.index("media") - order.index("security")) == 1


def test_policy_page_counts_the_rules_that_its_command_asks() -> None:
    report = evaluate_tree(ROOT / "terraform")

    assert f"\npolicy: {len(report.rules)} rules: 1 violation\n" in policy_page()

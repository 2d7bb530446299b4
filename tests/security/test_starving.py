"""A container's root takes all that it can get; the others have what they need.

Needs root and what `homelab doctor --fix` installs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from real_node import Node

from homelab.lab import Lab

pytestmark = [pytest.mark.usefixtures("able"), pytest.mark.timeout(300)]

_THREADS = """
import _thread, threading
threading.stack_size(65536)
made = 0
try:
    while made < 20000:
        _thread.start_new_thread(threading.Event().wait, ())
        made += 1
except RuntimeError:
    pass
print(made)
"""


@pytest.fixture(scope="module")
def node(able: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    state = tmp_path_factory.mktemp("lab") / "state"
    with Lab(state=state, runtime="lxc", ephemeral=True) as made:
        found = Node(made.info())
        for vmid in (750, 751):
            found.create(vmid, memory=1024, start=1)
            found.booted(vmid)
        yield found


def test_processes_and_threads_end_at_a_number(node: Node) -> None:
    # What the host's root starts in a container does not count as the container's everywhere.
    unit = "systemd-run --quiet --wait --pipe --property=TasksMax=infinity"
    made = int(node.inside(750, f"{unit} python3 -c '{_THREADS}'").split()[-1])

    assert 3_500 < made < 4_096
    assert node.inside(751, "echo well") == "well"


def test_no_subvolume_can_be_made_that_would_not_count(node: Node) -> None:
    """BTRFS_IOC_SUBVOL_CREATE, as `btrfs subvolume create` asks for it."""
    program = (
        "import fcntl, os, struct\n"
        'directory = os.open("/var/lib/docker", os.O_RDONLY)\n'
        'fcntl.ioctl(directory, 0x5000940E, bytearray(struct.pack("=q4088s", 0, b"own")))'
    )

    said = node.inside(750, f"python3 -c '{program}'", code=1)

    assert "Operation not permitted" in said


def test_a_console_that_is_flooded_stays_small(node: Node) -> None:
    node.inside(750, "yes flood | head -c 8000000 > /dev/console || true")

    files = Path(node.info.state_dir, "lxc/750").glob("console.log*")
    assert sum(path.stat().st_size for path in files) < 3 << 20
    assert node.inside(751, "echo well") == "well"

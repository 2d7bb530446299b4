from __future__ import annotations

from homelab.policy import reading
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def test_parts_are_found_by_their_names() -> None:
    lan = reading.network("lan", {"bridge": "vmbr0"})
    new = reading.network("new", {"bridge": UNKNOWN})
    plex = reading.guest("plex", {})
    known, partly = Subject(networks=(lan,), guests=(plex,)), Subject(networks=(lan, new))
    assert known.by_name == {"plex": plex}
    assert known.by_bridge == partly.by_bridge == {"vmbr0": lan}
    assert (known.has_unknown_bridge, partly.has_unknown_bridge) == (False, True)
    assert Subject(is_partial=True).has_unknown_bridge

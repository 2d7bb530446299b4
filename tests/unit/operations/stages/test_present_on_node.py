from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from homelab.clients.proxmox import Proxmox
from homelab.errors import ApiError
from homelab.lab import Lab
from homelab.model.changes import Action, Change
from homelab.operations.stages.present_on_node import MissingOnNodeError, require_present

_TEMPLATE = "local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst"


def _change(name: str, *, action: str = "create", **other: Any) -> Change:
    after = {
        "target_node": "pve",
        "ostemplate": _TEMPLATE,
        "rootfs": [{"storage": "local-zfs", "size": "8G"}],
        "network": [{"name": "eth0", "bridge": "vmbr0"}],
        "mountpoint": [{"storage": "/srv/bind"}, {"storage": "local-zfs"}],
        **other,
    }
    return Change(
        address=f'module.container["{name}"].proxmox_lxc.this',
        type="proxmox_lxc",
        name=name,
        action=Action(action),
        after=after,
    )


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Lab(
        state=tmp_path_factory.mktemp("lab") / "lab", runtime="memory", listen="127.0.0.1:0"
    ) as lab:
        yield Proxmox.from_environment(lab.env())


def test_what_is_there_passes(node: Proxmox) -> None:
    require_present(node, [_change("plex"), _change("sonarr", action="replace")])


def test_everything_missing_is_one_error_that_says_what_there_is(node: Proxmox) -> None:
    changes = [
        *(_change(f"c{number}", ostemplate="local:vztmpl/none.tar.zst") for number in range(7)),
        _change("plex", network=[{"bridge": "vmbr7"}]),
        _change("loki", rootfs=[{"storage": "tank"}]),
        _change("n8n", target_node="pve9", ostemplate="local:vztmpl/other.tar.zst"),
    ]

    with pytest.raises(MissingOnNodeError) as caught:
        require_present(node, changes)

    assert len(caught.value.missing) == 4
    text = str(caught.value)
    assert (
        "template 'local:vztmpl/none.tar.zst' of node pve, for c0, c1, c2, c3, c4 and 2 more; "
        "there is: local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst" in text
    )
    assert "bridge 'vmbr7' of node pve, for plex; there is: vmbr0, vmbr1" in text
    assert "storage 'tank' of node pve, for loki; there is: local, local-dir, local-zfs" in text
    assert "node 'pve9', for n8n; there is: pve" in text


def test_what_is_hidden_for_want_of_privileges_is_not_called_missing(node: Proxmox) -> None:
    node._request("POST", "access/users", {"userid": "tf@pve", "password": "long-enough"})
    node._request("POST", "access/roles", {"roleid": "Stores", "privs": "Datastore.Audit"})
    node._request("PUT", "access/acl", {"path": "/storage", "roles": "Stores", "users": "tf@pve"})
    made = node._request("POST", "access/users/tf@pve/token/t", {"privsep": "0"})
    weak = Proxmox(
        node.url,
        token_id="tf@pve!t",
        token_secret=made["value"],
        ca_file=node._options["verify_ssl"],
    )

    require_present(weak, [_change("plex")])

    with pytest.raises(MissingOnNodeError) as caught:
        require_present(weak, [_change("plex", rootfs=[{"storage": "tank"}])])
    assert len(caught.value.missing) == 1


def test_what_is_there_already_or_unknown_is_not_asked_for(node: Proxmox) -> None:
    require_present(
        node,
        [
            _change("plex", action="update", ostemplate="local:vztmpl/gone.tar.zst"),
            _change("loki", target_node=None, ostemplate="local:vztmpl/gone.tar.zst"),
        ],
    )


@dataclass
class _Refusing:
    asked: list[str] = field(default_factory=list)

    def nodes(self) -> tuple[str, ...]:
        return ("pve",)

    def get(self, path: str) -> Any:
        self.asked.append(path)
        raise ApiError(403, "Permission check failed", request=f"GET /{path}")


def test_what_may_not_be_seen_is_not_held_against_the_plan() -> None:
    node = _Refusing()

    require_present(node, [_change("plex"), _change("loki")])

    assert len(node.asked) == len(set(node.asked)) == 3

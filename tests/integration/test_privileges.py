"""What the preflight computes is what the node asks for: no privilege more, none less.

Needs Terraform; no root: the lab keeps state only (runtime memory).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from homelab.clients.proxmox import Proxmox
from homelab.clients.terraform.client import Terraform
from homelab.clients.terraform.plan import Plan
from homelab.errors import ApiError
from homelab.lab import Lab
from homelab.operations.review.needs import needs_of
from homelab.operations.review.preflight import preflight
from homelab.operations.stages.protection import lift_protection
from homelab.policy.documents import subject_from_plan
from homelab.pve.telmate.parameters import create_parameters, update_changes
from homelab.pve.telmate.privileges import Need

_USER, _PASSWORD = "terraform@pve", "a-long-password"
_TREE = """
terraform {
  required_providers {
    proxmox = { source = "telmate/proxmox", version = "3.0.2-rc07" }
  }
}

provider "proxmox" {
  pm_minimum_permission_check = false
}

resource "proxmox_pool" "media" {
  poolid = "media"
}

resource "proxmox_lxc" "this" {
  target_node  = "pve"
  vmid         = 201
  hostname     = "plex"
  ostemplate   = "%TEMPLATE%"
  pool         = proxmox_pool.media.poolid
  tags         = "media"
  cores        = 2
  memory       = 512
  unprivileged = true
  protection   = true
  start        = true

  features {
    nesting = true
  }

  rootfs {
    storage = "local-zfs"
    size    = "4G"
  }

  network {
    name   = "eth0"
    bridge = "vmbr0"
    ip     = "10.10.0.21/24"
  }

  mountpoint {
    key     = "0"
    slot    = 0
    mp      = "/srv/media"
    storage = "local-zfs"
    size    = "4G"
    backup  = true
  }
}
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A lab, root's client, and a user of whom nothing is known but a password."""

    lab: Lab
    root: Proxmox

    def grant(self, needs: tuple[Need, ...]) -> None:
        """Give the user these privileges, each at its narrowest path, and no others."""
        for rule in self.root.get("access/acl"):
            if rule["ugid"] == _USER:
                values = {"path": rule["path"], "roles": rule["roleid"], "users": _USER}
                self.root._request("PUT", "access/acl", {**values, "delete": 1})
        paths: dict[str, set[str]] = {}
        for need in needs:
            paths.setdefault(need.paths[0], set()).add(need.any_of[0])
        for number, (path, names) in enumerate(paths.items()):
            role = f"Test{number}"
            with suppress(ApiError):
                self.root._request("DELETE", f"access/roles/{role}")
            privileges = {"roleid": role, "privs": ",".join(sorted(names))}
            self.root._request("POST", "access/roles", privileges)
            values = {"path": path, "roles": role, "users": _USER}
            self.root._request("PUT", "access/acl", values)

    def client(self) -> Proxmox:
        env = self.lab.env()
        return Proxmox(
            env["PM_API_URL"], user=_USER, password=_PASSWORD, ca_file=env["HOMELAB_CA_FILE"]
        )

    def terraform(self, directory: Path, text: str) -> Terraform:
        directory.mkdir(exist_ok=True)
        template = self.lab.info().template
        (directory / "main.tf").write_text(text.replace("%TEMPLATE%", template))
        own = {"PM_USER": _USER, "PM_PASS": _PASSWORD}
        token = {"PM_API_TOKEN_ID": "", "PM_API_TOKEN_SECRET": ""}
        return Terraform(directory, env={**self.lab.env(), **token, **own})

    def empty(self) -> None:
        for guest in self.root.containers():
            self.root.update(guest.node, guest.vmid, {"protection": 0})
            if guest.status == "running":
                self.root.stop(guest.node, guest.vmid)
            self.root.destroy(guest.node, guest.vmid)
        for pool in self.root.pools():
            self.root._request("DELETE", f"pools/{pool}")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    state = tmp_path_factory.mktemp("privileges") / "lab"
    with Lab(state=state, runtime="memory", listen="127.0.0.1:0", ephemeral=True) as lab:
        root = Proxmox.from_environment(lab.env())
        root._request("POST", "access/users", {"userid": _USER, "password": _PASSWORD})
        yield Place(lab=lab, root=root)


@pytest.fixture(autouse=True)
def clean(place: Place) -> Iterator[None]:
    yield
    place.empty()


def _needs(plan: Plan) -> tuple[Need, ...]:
    subject = subject_from_plan(plan.document)
    changes = subject.changes or ()
    return needs_of(changes, resources=plan.resources, provider=subject.provider)


def _granted(place: Place, plan: Plan) -> None:
    needs = _needs(plan)
    place.grant(needs)
    assert preflight(_USER, needs, (), place.client().permissions()).missing == ()


def test_exactly_these_privileges_apply_a_plan(place: Place, tmp_path: Path) -> None:
    """Create, change and remove, each with the privileges of its own plan."""
    first = place.terraform(tmp_path / "tree", _TREE)
    plan = first.plan()
    _granted(place, plan)
    assert first.apply(plan).added == 2

    changed = (
        _TREE.replace("memory       = 512", "memory       = 1024")
        .replace('size    = "4G"\n  }', 'size    = "8G"\n  }', 1)
        .replace("10.10.0.21/24", "10.10.0.22/24")
        .replace('tags         = "media"', 'tags         = "media;video"')
    )
    second = place.terraform(tmp_path / "tree", changed)
    plan = second.plan()
    _granted(place, plan)
    assert second.apply(plan).changed == 1

    plan = second.plan(destroy=True)
    _granted(place, plan)
    lift_protection(place.client(), plan.changes)
    assert second.apply(plan).removed == 2


def _create(client: Proxmox, plan: Plan) -> None:
    """The requests that the provider makes to create and read back."""
    for change in sorted(plan.changes, key=lambda change: change.type, reverse=True):
        after = dict(change.after or {})
        if change.type == "proxmox_pool":
            client._request("POST", "pools", {"poolid": after["poolid"]})
            client.get(f"pools/{after['poolid']}")
        else:
            client.wait(client._request("POST", "nodes/pve/lxc", create_parameters(after)))
            client.config("pve", after["vmid"])


def test_one_privilege_less_and_the_node_refuses(place: Place, tmp_path: Path) -> None:
    terraform = place.terraform(tmp_path / "tree", _TREE)
    plan = terraform.plan()
    needs = _needs(plan)
    assert len(needs) > 10
    place.grant(needs)
    _create(place.client(), plan)
    place.empty()

    for without in needs:
        place.grant(tuple(need for need in needs if need != without))
        client = place.client()

        found = preflight(_USER, needs, (), client.permissions())
        with pytest.raises(ApiError) as refused:
            _create(client, plan)

        assert refused.value.status == 403, f"{without}: {refused.value}"
        assert any(name in refused.value.reason for name in without.any_of), without
        assert found.missing == (without,)
        place.empty()


def test_one_privilege_less_for_a_change(place: Place, tmp_path: Path) -> None:
    terraform = place.terraform(tmp_path / "tree", _TREE)
    plan = terraform.plan()
    place.grant(_needs(plan))
    terraform.apply(plan)
    changed = _TREE.replace("memory       = 512", "memory       = 1024").replace(
        "10.10.0.21/24", "10.10.0.22/24"
    )
    plan = place.terraform(tmp_path / "tree", changed).plan()
    [change] = plan.changes
    body = update_changes(dict(change.before or {}), dict(change.after or {})).config()
    needs = [need for need in _needs(plan) if not need.any_of[0].endswith(".Audit")]
    assert len(needs) == 3

    for without in needs:
        place.grant(tuple(need for need in _needs(plan) if need != without))

        with pytest.raises(ApiError) as refused:
            place.client().update("pve", 201, body)

        assert refused.value.status == 403
        assert without.any_of[0] in refused.value.reason

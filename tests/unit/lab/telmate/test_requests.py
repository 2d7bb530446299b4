"""What Telmate's provider 3.0.2-rc07 was seen to send, in order: bodies as it writes them."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from homelab.lab.api.dispatch import Request

L = "/nodes/pve/lxc/100"
KEY = "ssh-ed25519 AAAA test"
CREATE = (
    "arch=amd64&cmode=tty&console=1&cores=1&cpulimit=0&cpuunits=1024&description=line1%0Aline2"
    "&features=nesting%3D1&hostname=web1&memory=256"
    "&mp0=local-zfs%3A1%2Cbackup%3D0%2Cmp%3D%2Fdata"
    "&net0=name%3Deth0%2Cbridge%3Dvmbr0%2Cfirewall%3D1%2Cip%3D10.10.0.5%2F24%2Cgw%3D10.10.0.1"
    "&onboot=1&ostemplate=local%3Avztmpl%2Fdebian-13-homelab_13.0_amd64.tar.zst"
    "&password=secret12&protection=0&rootfs=local-zfs%3A4&ssh-public-keys=ssh-ed25519+AAAA+test"
    "&start=1&storage=local&swap=128&tags=b%3Ba&tty=2&unprivileged=1&vmid=100"
)


def _send(node, method: str, path: str, body: str = ""):
    where, _, query = path.partition("?")
    headers = dict(node.headers)
    if body:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return node.raw(
        Request(
            method=method,
            path=f"/api2/json{where}",
            query=query,
            headers=headers,
            body=body.encode(),
        )
    )


def _end(node, upid: str) -> None:
    """Polls as the provider does, with the UPID as it is in the path."""
    status = node.wait(upid)
    assert status["exitstatus"] == "OK", status
    again = _send(node, "GET", f"/nodes/pve/tasks/{quote(upid, safe='')}/status").data
    assert again["exitstatus"] == "OK"


def _read(node) -> dict:
    """The requests of every read."""
    rows = _send(node, "GET", "/cluster/resources?type=vm").data
    assert [(row["vmid"], row["node"], row["type"]) for row in rows] == [(100, "pve", "lxc")]
    config = _send(node, "GET", f"{L}/config").data
    ha = _send(node, "GET", "/cluster/ha/resources/100")
    assert (ha.status, ha.reason) == (500, "no such resource 'ct:100'")
    assert _send(node, "GET", "/pools").data == []
    return dict(config)


@pytest.fixture
def token(node):
    return node.as_token()


def test_what_it_asks_before_it_creates(token) -> None:
    users = _send(token, "GET", "/access/users?full=1").data
    assert [user["userid"] for user in users] == ["root@pam"]
    held = _send(token, "GET", "/access/permissions?userid=root@pam&path=/").data
    assert list(held) == ["/"]
    assert _send(token, "GET", "/cluster/nextid").data == "100"
    assert _send(token, "GET", "/version").data["version"].startswith("9.")


def test_it_reads_what_it_created(token) -> None:
    _end(token, _send(token, "POST", "/nodes/pve/lxc", CREATE).data)
    config = _read(token)
    kept = {
        "cores": 1,
        "cpulimit": "0",
        "cpuunits": 1024,
        "console": 1,
        "description": "line1\nline2\n",
        "memory": 256,
        "mp0": "local-zfs:subvol-100-disk-1,mp=/data,backup=0,size=1G",
        "onboot": 1,
        "protection": 0,
        "tags": "a;b",
        "tty": 2,
        "unprivileged": 1,
    }
    assert {name: config[name] for name in kept} == kept
    assert config["net0"].startswith("name=eth0,bridge=vmbr0,firewall=1,gw=10.10.0.1,hwaddr=BC:24")


def test_it_reads_what_it_updated(token) -> None:
    _end(token, _send(token, "POST", "/nodes/pve/lxc", CREATE).data)
    _end(token, _send(token, "PUT", f"{L}/resize", "disk=mp0&size=2G").data)
    hwaddr = _read(token)["net0"].partition("hwaddr=")[2].partition(",")[0]
    net = (
        f"bridge=vmbr0,hwaddr={hwaddr},type=veth,name=eth0,firewall=1,ip=10.10.0.6/24,gw=10.10.0.1"
    )
    mount = "local-zfs:subvol-100-disk-1,size=2G,backup=0,mp=/data"
    update = (
        "arch=amd64&cmode=tty&console=1&cores=2&cpulimit=0&cpuunits=1024"
        "&description=line1%0Aline2&features=nesting%3D1&hostname=web1&memory=384"
        f"&mp0={quote(mount, safe='')}&net0={quote(net, safe='')}"
        "&onboot=1&ostype=debian&protection=0&swap=128&tags=a%3Bc&tty=2"
    )
    assert _send(token, "PUT", f"{L}/config", update).data is None
    assert _send(token, "GET", f"{L}/status/current").data["status"] == "running"
    _end(token, _send(token, "POST", f"{L}/status/stop").data)
    config = _read(token)
    assert (config["cores"], config["memory"], config["tags"]) == (2, 384, "a;c")
    assert config["mp0"] == "local-zfs:subvol-100-disk-1,mp=/data,backup=0,size=2G"


def test_it_stops_before_it_destroys(token) -> None:
    _end(token, _send(token, "POST", "/nodes/pve/lxc", CREATE).data)
    _end(token, _send(token, "POST", f"{L}/status/stop").data)
    _end(token, _send(token, "POST", f"{L}/status/start").data)
    _end(token, _send(token, "POST", f"{L}/status/stop", "overrule-shutdown=1").data)
    _end(token, _send(token, "DELETE", L).data)
    assert _send(token, "GET", "/cluster/resources?type=vm").data == []


def test_a_deletion_of_options_is_written_with_comma_and_blank(token) -> None:
    _end(token, _send(token, "POST", "/nodes/pve/lxc", CREATE).data)
    _end(token, _send(token, "POST", f"{L}/status/stop").data)
    assert _send(token, "PUT", f"{L}/config", "delete=net0%2C%20mp0").data is None
    config = _read(token)
    assert {"net0", "mp0"}.isdisjoint(config)


def test_a_clone_with_a_storage_sends_an_option_that_pve_does_not_know(token) -> None:
    _end(token, _send(token, "POST", "/nodes/pve/lxc", CREATE).data)
    answer = _send(token, "PUT", f"{L}/config", "clone-storage=local-zfs&cores=1")
    assert answer.status == 400
    assert list(answer.errors) == ["clone-storage"]


def test_snapshots_are_asked_for_with_a_slash_at_the_end(token) -> None:
    _end(token, _send(token, "POST", "/nodes/pve/lxc", CREATE).data)
    _end(token, _send(token, "POST", f"{L}/snapshot/", "snapname=one").data)
    assert [row["name"] for row in _send(token, "GET", f"{L}/snapshot/").data] == [
        "one",
        "current",
    ]
    assert _send(token, "GET", f"{L}/feature?feature=snapshot").data == {"hasFeature": 1}
    _end(token, _send(token, "DELETE", f"{L}/snapshot/one").data)


def test_a_login_without_content_type_and_pools_in_both_forms(node) -> None:
    node.headers = {}
    body = "username=root%40pam&password=correct+horse"
    answer = node.raw(
        Request(method="POST", path="/api2/json/access/ticket", body=body.encode())
    ).data
    node.headers = {
        "Authorization": f"PVEAuthCookie={quote(answer['ticket'], safe='')}",
        "CSRFPreventionToken": answer["CSRFPreventionToken"],
    }
    assert _send(node, "POST", "/pools", "poolid=media&comment=c").data is None
    assert _send(node, "PUT", "/pools?poolid=media", "comment=d").data is None
    assert _send(node, "GET", "/pools/media").data["comment"] == "d"
    assert _send(node, "DELETE", "/pools/media").data is None

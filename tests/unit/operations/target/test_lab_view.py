from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from memory_lab import client_of, create, wait_for

from homelab.errors import CapabilityError, ConfigurationError
from homelab.lab import Lab
from homelab.operations.target.lab_options import LabSettings
from homelab.operations.target.lab_view import (
    LabView,
    api_answers,
    console_log,
    container_argv,
    endpoint_rows,
    image_rows,
    lab_view,
    node_argv,
    runs,
)


def _place(state: Path) -> LabSettings:
    return LabSettings(runtime="memory", listen="127.0.0.1:0", state=state)


def test_a_lab_with_a_container(shared: Lab) -> None:
    info = shared.info()
    client = client_of(info)
    create(client, info, 100, hostname="web", start=1)
    create(client, info, 101)
    try:
        view = lab_view(_place(shared.state_dir))
        assert [(guest.vmid, guest.name) for guest in view.guests] == [(100, "web"), (101, "CT101")]
        assert "containers: 1 of 2 running" in view.lines()
        assert any(line.startswith("note: the memory runtime") for line in view.lines())
        assert view.to_json()["guests"][0] == {"vmid": 100, "name": "web", "status": "running"}
        assert info.token_secret not in str(view.to_json())
        assert (runs(info, "web"), runs(info, "101")) == (True, False)
        with pytest.raises(ConfigurationError, match="no container 'plex'; there are: CT101, web"):
            runs(info, "plex")
        with pytest.raises(ConfigurationError, match="CT101 is stopped"):
            container_argv(info, "CT101", ("true",))
        assert api_answers(_place(shared.state_dir))
        assert ("local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst", "mmdebstrap", "-") in (
            image_rows(_place(shared.state_dir))
        )
    finally:
        for vmid in (100, 101):
            wait_for(client, client.nodes("pve").lxc(vmid).delete(force=1))


def test_what_keeps_state_only_has_no_inside(shared: Lab, tmp_path: Path) -> None:
    with pytest.raises(CapabilityError, match="nothing to enter"):
        node_argv(shared.info(), ("true",), directory=tmp_path)
    with pytest.raises(CapabilityError, match="no console"):
        console_log(shared.info(), "web")


def test_a_command_runs_in_the_nodes_namespaces_and_in_its_directory(
    shared: Lab, tmp_path: Path
) -> None:
    info = replace(shared.info(), netns="/proc/7/ns/net", mntns="/proc/7/ns/mnt")
    assert node_argv(info, ("ls", "-l"), directory=tmp_path) == (
        *("nsenter", "--net=/proc/7/ns/net", "--mount=/proc/7/ns/mnt", "--"),
        *("env", "-C", str(tmp_path), "ls", "-l"),
    )


def test_a_lab_that_is_down_is_no_error(tmp_path: Path) -> None:
    view = lab_view(_place(tmp_path / "none"))
    assert view == LabView(state_dir=tmp_path / "none", running=False, exists=False)
    assert view.lines() == (f"lab: down (there is none), {tmp_path / 'none'}",)
    assert "its state is kept" in replace(view, exists=True).lines()[0]
    assert not api_answers(_place(tmp_path / "none"))
    assert image_rows(_place(tmp_path / "none")) == ()


def test_endpoints_are_told_with_what_they_need_and_who_drove_them() -> None:
    rows = {row[:2]: row[2:] for row in endpoint_rows()}
    assert rows["GET", "/nodes/{node}/lxc/{vmid}/config"][0] == "/vms/{vmid}, VM.Audit"
    assert rows["PUT", "/cluster/options"][2] == "stored only"
    assert rows["any", "/cluster/ceph"][2] == "refused: the lab has no Ceph"
    assert ("storage", "local-zfs") in rows

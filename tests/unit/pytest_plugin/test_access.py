from __future__ import annotations

from pathlib import Path

import pytest

from homelab.errors import CapabilityError, ConfigurationError, UnreachableError
from homelab.model import Topology
from homelab.operations.target.target import Target
from homelab.pytest_plugin import access


class TestFind:
    @pytest.fixture
    def project(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        (tmp_path / "homelab.toml").touch()
        monkeypatch.setenv("HOMELAB_LAB_STATE", str(tmp_path / "lab"))
        monkeypatch.delenv("PM_API_URL", raising=False)
        return tmp_path

    def test_lab_that_is_down_is_not_started(self, project: Path) -> None:
        with pytest.raises(UnreachableError, match="does not run") as caught:
            access.find(project)

        assert caught.value.hint is not None
        assert "homelab lab up" in caught.value.hint

    def test_unknown_target_lists_those_that_exist(self, project: Path) -> None:
        with pytest.raises(ConfigurationError, match="knows: lab"):
            access.find(project, "staging")

    def test_lab_that_keeps_state_only_can_t_be_asked(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        state_only = Target(
            name="lab", kind="lab", runtime="memory", api_url="", environment={}, variables={}
        )
        monkeypatch.setattr(access, "open_target", lambda *_, **__: state_only)

        with pytest.raises(CapabilityError, match="keeps state only"):
            access.find(project)

    def test_network_of_the_lab_is_root_s(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        running = Target(
            name="lab",
            kind="lab",
            runtime="lxc",
            api_url="",
            environment={},
            variables={},
            netns=Path("/proc/self/ns/net"),
        )
        monkeypatch.setattr(access, "open_target", lambda *_, **__: running)
        monkeypatch.setattr("os.geteuid", lambda: 1000)

        with pytest.raises(CapabilityError, match="root alone") as caught:
            access.find(project)

        assert caught.value.hint is not None
        assert caught.value.hint.startswith("run: sudo -E -H ")
        assert " -m pytest" in caught.value.hint

    def test_lab_of_root_s_is_known_before_anything_is_opened(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(access, "belongs_to_root", lambda _: True)

        assert access.is_roots(project)
        with pytest.raises(CapabilityError, match="root alone"):
            access.find(project)

    def test_node_s_login_and_api(self) -> None:
        found = access.Access(
            project=Path(),
            target=Target(
                name="production",
                kind="proxmox",
                api_url="https://pve.example:8006/api2/json",
                environment={"PM_USER": "root@pam", "PM_PASS": "secret"},
                variables={},
                ssh_user="admin",
            ),
            topology=Topology(networks=(), containers=()),
            netns=None,
            api_url="https://pve.example:8006/api2/json",
        )

        assert (found.ssh.user, found.ssh.arguments) == ("admin", ())
        assert found.proxmox().url == "https://pve.example:8006/api2/json"

"""The pytest plugin: selection, errors before the first test, sharing between workers.

The sessions under test ask a target that does not exist: only its topology is used.
"""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from homelab import netns, pytest_plugin
from homelab.errors import CapabilityError, ConfigurationError, UnreachableError
from homelab.model import Container, Topology
from homelab.operations.run import ownership
from homelab.operations.target.target import Target
from homelab.pytest_plugin import access, guest_script
from homelab.pytest_plugin.guest import Answer, DockerContainer, GuestFacts
from homelab.pytest_plugin.selection import pick
from homelab.pytest_plugin.sharing import once

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["pytester"]

_CONFTEST = """
import pytest
from homelab.errors import UnreachableError
from homelab.model import Topology
from homelab.operations.target.target import Target
from homelab.pytest_plugin import access

TOPOLOGY = Topology.model_validate_json('''{topology}''')

def find(project, target):
    if target == "down":
        raise UnreachableError("the lab does not run", hint="start it with 'homelab lab up'")
    return access.Access(
        project=project or "here",
        target=Target(name=target or "lab", kind="lab", api_url="", environment={{}}, variables={{}}),
        topology=TOPOLOGY,
        netns=None,
        api_url="",
    )

access.find = find
"""


def _container(name: str, category: str) -> Container:
    return Container.model_validate(
        {
            "name": name,
            "category": category,
            "vmid": 200 + len(name),
            "node": "pve",
            "template": "local:vztmpl/x.tar.zst",
            "description": "",
            "cores": 1,
            "memory": 512,
            "swap": 0,
            "rootfs": {"storage": "local-zfs", "size": "8G"},
            "networks": [{"bridge": "vmbr0", "ip": "192.0.2.1/24"}],
            "startup": {"order": 1},
            "service": {
                "image": f"{name}/{name}:1",
                "ports": [{"port": 80}],
                "health": {"port": 80},
                "slo": 99.9,
            },
        }
    )


@pytest.fixture
def topology() -> Topology:
    return Topology(
        networks=(),
        containers=(
            _container("plex", "media"),
            _container("sonarr", "media"),
            _container("grafana", "monitoring"),
        ),
    )


@pytest.fixture
def session(pytester: pytest.Pytester, topology: Topology, monkeypatch) -> pytest.Pytester:
    monkeypatch.setattr(access, "find", access.find)
    pytester.makeconftest(_CONFTEST.format(topology=topology.model_dump_json()))
    return pytester


class TestPick:
    def test_no_marker_picks_all(self, topology: Topology) -> None:
        assert pick(topology, []) == topology.containers

    def test_by_group_and_name(self, topology: Topology) -> None:
        names = [container.name for container in pick(topology, [{"group": "media"}])]
        assert names == ["plex", "sonarr"]
        assert pick(topology, [{"name": "grafana"}]) == (topology.container("grafana"),)

    def test_markers_narrow_each_other(self, topology: Topology) -> None:
        assert pick(topology, [{"group": "media"}, {"name": "plex"}]) == (
            topology.container("plex"),
        )

    @pytest.mark.parametrize(
        "criteria", [[{"group": "medea"}], [{"group": "media", "name": "grafana"}]]
    )
    def test_picking_none_says_what_there_is(
        self, topology: Topology, criteria: list[dict[str, object]]
    ) -> None:
        with pytest.raises(ConfigurationError, match="groups: media, monitoring; names: plex"):
            pick(topology, criteria)

    def test_unknown_criterion(self, topology: Topology) -> None:
        with pytest.raises(ConfigurationError, match="not category"):
            pick(topology, [{"category": "media"}])


class TestSession:
    def test_one_test_per_container(self, session: pytest.Pytester) -> None:
        session.makepyfile("def test_it(container): assert container.name")

        result = session.runpytest("-v", "-p", "no:cacheprovider")

        result.assert_outcomes(passed=3)
        result.stdout.fnmatch_lines(["*test_it?plex? PASSED*", "*test_it?grafana? PASSED*"])

    def test_marker_selects(self, session: pytest.Pytester) -> None:
        session.makepyfile(
            """
            import pytest

            @pytest.mark.containers(group="monitoring")
            def test_it(container): assert container.name == "grafana"
            """
        )

        session.runpytest("--strict-markers").assert_outcomes(passed=1)

    def test_empty_selection_is_an_error(self, session: pytest.Pytester) -> None:
        session.makepyfile(
            """
            import pytest

            @pytest.mark.containers(name="plox")
            def test_it(container): pass
            """
        )

        result = session.runpytest()

        assert result.ret == pytest.ExitCode.INTERRUPTED
        result.stdout.fnmatch_lines(
            ["no container is selected by containers(name='plox')", "*names: plex, sonarr, grafana"]
        )

    def test_target_that_is_down_fails_the_test_that_asks(self, session: pytest.Pytester) -> None:
        session.makepyfile("def test_it(target): pass\ndef test_other(): pass")

        result = session.runpytest("--homelab-target", "down")

        result.assert_outcomes(errors=1, passed=1)
        result.stdout.fnmatch_lines(["*the lab does not run*"])

    def test_suite_that_requires_its_target_ends_at_once(self, session: pytest.Pytester) -> None:
        suite = session.mkdir("suite")
        (suite / "conftest.py").write_text(
            "from homelab.pytest_plugin import require_target as pytest_configure\n"
        )
        (suite / "test_it.py").write_text("def test_it(target): pass\n")

        result = session.runpytest("suite", "--homelab-target", "down")

        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(
            ["ERROR: the lab does not run", "*what to do: start it with 'homelab lab up'"]
        )

    def test_fixtures_say_what_is_asked(self, session: pytest.Pytester) -> None:
        session.makepyfile(
            """
            def test_it(target, topology):
                assert target.name == "production"
                assert len(topology) == 3
            """
        )

        session.runpytest("--homelab-target", "production").assert_outcomes(passed=1)

    def test_fixture_may_be_overridden(self, session: pytest.Pytester) -> None:
        session.makepyfile(
            """
            import pytest

            @pytest.fixture(scope="session")
            def hosts():
                class Hosts:
                    def host(self, address):
                        return f"host at {address}"
                return Hosts()

            @pytest.mark.containers(name="plex")
            def test_it(container_host):
                assert container_host == "host at 192.0.2.1"
            """
        )

        session.runpytest().assert_outcomes(passed=1)

    def test_failure_names_container_service_and_what_was_seen(
        self, session: pytest.Pytester
    ) -> None:
        session.makepyfile(
            """
            import pytest
            from homelab.pytest_plugin import expect
            from homelab.pytest_plugin.guest import Answer

            @pytest.fixture(scope="session")
            def guests():
                return {"plex": Answer(error="Connection refused"), "sonarr": Answer()}

            @pytest.mark.containers(name="plex")
            def test_guest(guest): pass

            @pytest.mark.containers(name="sonarr")
            def test_it(container):
                expect(container, 1, "fine")
                expect(container, False, "it is stopped")
            """
        )

        result = session.runpytest()

        result.assert_outcomes(errors=1, failed=1)
        result.stdout.fnmatch_lines(
            [
                "container plex (vmid 204, service plex/plex:1): it can't be asked over ssh *refused",
                "container sonarr (vmid 206, service sonarr/sonarr:1): it is stopped",
            ]
        )

    def test_only_tests_that_ask_enter_the_network(
        self, session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        entered: list[Path | None] = []

        @contextmanager
        def inside(namespace: Path | None) -> Iterator[None]:
            entered.append(namespace)
            yield
            entered.append(None)

        monkeypatch.setattr(netns, "inside", inside)
        session.makeconftest(
            (session.path / "conftest.py").read_text().replace("netns=None", "netns='/the/lab'")
        )
        session.makepyfile("def test_other(): pass\ndef test_it(topology): pass")

        session.runpytest().assert_outcomes(passed=2)

        assert entered == ["/the/lab", None]

    def test_workers_share_the_containers(self, session: pytest.Pytester) -> None:
        session.makepyfile(
            """
            def test_it(container, request):
                assert request.node.get_closest_marker("xdist_group").args == (container.name,)
            """
        )

        session.runpytest("-n", "2").assert_outcomes(passed=3)

    def test_xdist_is_not_needed(self, session: pytest.Pytester) -> None:
        session.makepyfile("def test_it(container): pass")

        result = session.runpytest("-p", "no:xdist", "--strict-markers")

        result.assert_outcomes(passed=3)


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


class TestOnce:
    def test_first_caller_computes(self, tmp_path: Path) -> None:
        assert once(tmp_path, "facts", lambda: "1") == "1"
        assert once(tmp_path, "facts", lambda: "2") == "1"
        assert once(tmp_path, "other", lambda: "3") == "3"

    def test_others_wait_for_the_first(self, tmp_path: Path) -> None:
        calls: list[int] = []

        def compute() -> str:
            time.sleep(0.05)
            calls.append(1)
            return "text"

        seen: list[str] = []
        threads = [
            threading.Thread(target=lambda: seen.append(once(tmp_path, "facts", compute)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert seen == ["text"] * 4
        assert calls == [1]

    def test_failure_is_not_kept(self, tmp_path: Path) -> None:
        def fail() -> str:
            raise ValueError("odd")

        with pytest.raises(ValueError, match="odd"):
            once(tmp_path, "facts", fail)

        assert once(tmp_path, "facts", lambda: "fine") == "fine"


class TestGuest:
    def test_script_s_answer_is_what_the_facts_expect(self) -> None:
        said = json.dumps(guest_script.gather(["/", "/no-such-mount"]))

        facts = GuestFacts.model_validate_json(said)

        assert [mount.path for mount in facts.mounts] == ["/"]
        assert facts.mounts[0].size > 0
        assert Answer.model_validate_json(Answer(facts=facts).model_dump_json()).facts == facts

    def test_missing_docker_is_part_of_the_answer(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(guest_script, "DOCKER_SOCKET", str(tmp_path / "none"))

        assert guest_script.docker() == {
            "error": "FileNotFoundError: [Errno 2] No such file or directory",
            "containers": [],
        }

    @pytest.mark.parametrize(
        ("state", "status", "healthy"),
        [
            ("running", "Up 3 minutes (healthy)", True),
            ("running", "Up 3 minutes", True),
            ("running", "Up 3 minutes (unhealthy)", False),
            ("running", "Up 2 seconds (health: starting)", False),
            ("exited", "Exited (137) 2 seconds ago", False),
            ("restarting", "Restarting (1) 5 seconds ago", False),
        ],
    )
    def test_docker_s_word_for_health(self, state: str, status: str, healthy) -> None:
        container = DockerContainer(
            name="plex", image="plex:1", state=state, status=status, stand_in=False
        )

        assert container.healthy is healthy


class TestRoot:
    _SUITE = """
        from homelab.pytest_plugin import access, require_target
        import homelab.sudo

        def go_on(why, argv, *, tell, everything):
            tell(f"became {argv[1:]} with everything: {everything}")
            os._exit(0)

        homelab.sudo.go_on_as_root = go_on
        access.is_roots = lambda project, target: True
        pytest_configure = require_target
    """

    def test_suite_that_needs_its_target_goes_on_as_root(self, pytester: pytest.Pytester) -> None:
        pytester.makeconftest("import os; os.geteuid = lambda: 1000\n" + dedent(self._SUITE))

        result = pytester.runpytest_subprocess("-k", "grafana", "-p", "no:cacheprovider")

        assert result.ret == 0
        result.stderr.fnmatch_lines(["became ('-m', 'pytest', *'-k', 'grafana', *everything: True"])

    def test_root_goes_on_as_it_is(self, pytester: pytest.Pytester) -> None:
        conftest = (
            "import os; os.geteuid = lambda: 0\n"
            + dedent(self._SUITE)
            + "from homelab.errors import HomelabError\n"
            "def find(*_): raise HomelabError('it was looked for')\n"
            "access.find = find\n"
        )
        pytester.makeconftest(conftest)

        result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

        result.stderr.fnmatch_lines(["*it was looked for*"])

    @pytest.mark.parametrize(
        ("user", "is_worker", "times"), [(0, False, 1), (0, True, 0), (1000, False, 0)]
    )
    def test_session_of_root_s_leaves_the_project_to_its_owner(
        self,
        user: int,
        times: int,
        pytester: pytest.Pytester,
        monkeypatch: pytest.MonkeyPatch,
        *,
        is_worker: bool,
    ) -> None:
        given: list[object] = []
        monkeypatch.setattr(os, "geteuid", lambda: user)
        monkeypatch.setattr(ownership, "give_back_around", given.append)
        config = pytester.parseconfig("--homelab-project", "here")
        if is_worker:
            config.workerinput = {}

        pytest_plugin.pytest_unconfigure(config)

        assert given == [Path("here")] * times

"""The pytest plugin: selection, errors before the first test, sharing between workers.

The sessions under test ask a target that does not exist: only its topology is used.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from homelab import netns, pytest_plugin
from homelab.model import Topology
from homelab.operations.run import ownership
from homelab.pytest_plugin import access

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


@pytest.fixture
def session(pytester: pytest.Pytester, topology: Topology, monkeypatch) -> pytest.Pytester:
    monkeypatch.setattr(access, "find", access.find)
    pytester.makeconftest(_CONFTEST.format(topology=topology.model_dump_json()))
    return pytester


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
        result.stderr.fnmatch_lines(
            ["became ('-P', '-m', 'pytest', *'-k', 'grafana', *everything: True"]
        )

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

"""The lab as others use it: up, down, destroy, status, and what its clients need to know."""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from homelab.errors import (
    CapabilityError,
    CleanupError,
    ConfigurationError,
    HomelabError,
    UnreachableError,
    WaitTimeoutError,
)
from homelab.lab.host.namespaces import Node
from homelab.lab.runtime import RuntimeKind
from homelab.lab.runtimes import choice
from homelab.lab.runtimes.choice import NodeRuntime
from homelab.lab.server import state_directory
from homelab.lab.server.info import FILE_NAME, LabInfo, LabStatus
from homelab.lab.server.launch import launch
from homelab.lab.server.options import DEFAULT_LISTEN, DEFAULT_NODE, ServeOptions
from homelab.lab.state.database import State, StateError
from homelab.offline_provider import write_mirror
from homelab.options.declared import RuntimeChoice
from homelab.polling import wait_until
from homelab.process import is_alive, is_dying
from homelab.pve.release import Release
from homelab.relay import Relay

if TYPE_CHECKING:
    from homelab.lab.server.faults_client import Control

_log = logging.getLogger(__name__)

_STOP_TIMEOUT = 180.0


class Lab:
    """The embedded node; as a context manager it is up inside the block.

    `ephemeral` makes a lab that is destroyed at the end of the block; without `state` it lives in
    a new temporary directory, and without `listen` on a free port. `on_progress` is called on a
    thread of its own, and may ask the lab itself; it has heard everything when `up` returns.
    """

    def __init__(
        self,
        *,
        state: Path | None = None,
        runtime: RuntimeChoice = "auto",
        listen: str | None = None,
        bridges: Mapping[str, str] | None = None,
        ephemeral: bool = False,
        cache: Path | None = None,
        node: str = DEFAULT_NODE,
        nodes: int | None = None,
        pve_version: str | None = None,
        resources_lag: float | None = None,
        request_log: Path | None = None,
        on_progress: Callable[[str], None] | None = None,
    ) -> None:
        self._state = state.absolute() if state is not None else None
        self._runtime: RuntimeChoice = runtime
        self._listen = listen or ("127.0.0.1:0" if ephemeral else DEFAULT_LISTEN)
        self._bridges = None if bridges is None else dict(bridges)
        self._ephemeral = ephemeral
        self._cache = cache.absolute() if cache is not None else None
        self._node = node
        self._nodes = nodes
        self._pve_version = pve_version
        self._resources_lag = resources_lag
        self._request_log = request_log.absolute() if request_log is not None else None
        self._on_progress = on_progress

    @property
    def state_dir(self) -> Path:
        """Where the lab keeps its state."""
        if self._state is None:
            if self._ephemeral:
                self._state = Path(tempfile.mkdtemp(prefix="homelab-lab-"))
            else:
                from homelab.settings import lab_state_directory

                self._state = lab_state_directory().absolute()
        return self._state

    @property
    def cache_dir(self) -> Path:
        """Where images are kept, for all labs together."""
        if self._cache is None:
            from homelab.settings import cache_directory

            self._cache = cache_directory().absolute()
        return self._cache

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ephemeral:
            self.destroy()
        else:
            self.down()

    def up(self) -> LabInfo:
        """Start the lab unless it runs, and wait until it answers.

        Raises:
            ConfigurationError: port in use, wrong directory, or it runs with another runtime or
                other bridges than asked for.
            CapabilityError: the runtime can't work on this machine.
            WaitTimeoutError: the server said nothing for ten minutes.
        """
        state_directory.prepare(self.state_dir)
        with (
            Relay(self._on_progress or _log.info) as tell,
            state_directory.exclusive(self.state_dir),
        ):
            info = self._running()
            if info is not None and is_dying(info.pid):
                self._kill(info)
                info = None
            if info is not None and self._has_lost_its_node(info):
                self._check_same(info)
                self._kill(info)
                info = None
            if info is None:
                return self._start_or_leave_nothing(tell)
        self._check_same(info)
        return info

    def serve(self) -> None:
        """Be the server, in this process, until Ctrl-C or SIGTERM."""
        from homelab.lab.server.assembly import serve

        state_directory.prepare(self.state_dir)
        with state_directory.exclusive(self.state_dir):
            info = self._running()
            if info is not None:
                raise ConfigurationError(
                    f"the lab in {self.state_dir} runs already, at {info.api_url}",
                    hint="end it with 'homelab lab down'",
                )
            kind, notes = self._choose()
        serve(self._options(kind, notes), on_ready=lambda _info: None)

    def down(self) -> None:
        """Stop the containers and the server, in order; state stays. Also cleans up after a crash."""
        if not self.state_dir.is_dir():
            return
        with state_directory.exclusive(self.state_dir):
            self._end()

    def destroy(self) -> None:
        """Remove the lab, so that nothing is left but the image cache; also after kill -9.

        Raises:
            CleanupError: lists what could not be removed.
        """
        if not self.state_dir.is_dir():
            return
        state_directory.prepare(self.state_dir)
        errors: list[BaseException] = []
        with state_directory.exclusive(self.state_dir):
            runtimes = self._runtimes()
            with suppress(StateError):
                self._end()
            for runtime in runtimes:
                try:
                    runtime.destroy_node()
                except (HomelabError, OSError) as error:
                    errors.append(error)
            try:
                state_directory.remove(self.state_dir)
            except CleanupError as error:
                errors += error.errors
        if errors:
            raise CleanupError(errors)

    def status(self) -> LabStatus:
        """Whether it runs and what is in it; never fails because it does not."""
        exists = self._database.exists()
        info = self._running()
        containers = running = 0
        if exists:
            with closing(State(self._database)) as state:
                guests = state.guests()
            containers = len(guests)
            running = sum(record.running for record in guests) if info is not None else 0
        return LabStatus(
            state_dir=self.state_dir,
            exists=exists,
            running=info is not None,
            info=info,
            containers=containers,
            containers_running=running,
        )

    def info(self) -> LabInfo:
        """How to use the running lab.

        Raises:
            UnreachableError: it does not run.
        """
        info = self._running()
        if info is None:
            raise UnreachableError(
                f"the lab in {self.state_dir} does not run", hint="start it with 'homelab lab up'"
            )
        return info

    def control(self) -> Control:
        """What changes the lab itself, such as its faults.

        Raises:
            UnreachableError: it does not run.
        """
        from homelab.lab.server.faults_client import Control  # brings HTTP and TLS along

        return Control(self.info())

    def network_namespace(self) -> Path | None:
        """The namespace from which its containers are reached, such as /proc/PID/ns/net.

        Raises:
            UnreachableError: it does not run.
            CapabilityError: its runtime keeps state only, so no container answers.
        """
        info = self.info()
        if info.netns is None:
            raise CapabilityError(
                f"the lab in {self.state_dir} keeps state only, so no container answers",
                hint="run as root, so that the lab runs its containers",
            )
        return Path(info.netns)

    def env(self) -> dict[str, str]:
        """What points clients at the running lab, as environment variables.

        Raises:
            UnreachableError: it does not run.
        """
        info = self.info()
        public = Path(info.ssh_key).with_name(Path(info.ssh_key).name + ".pub")
        return {
            "PM_API_URL": info.api_url,
            "PM_USER": info.user,
            "PM_PASS": info.password,
            "PM_API_TOKEN_ID": info.token_id,
            "PM_API_TOKEN_SECRET": info.token_secret,
            "TF_CLI_CONFIG_FILE": str(write_mirror(self.state_dir / state_directory.MIRROR)),
            "HOMELAB_CA_FILE": info.ca_file,
            "HOMELAB_NODE": info.node,
            "HOMELAB_STORAGE": info.storage,
            "HOMELAB_TEMPLATE": info.template,
            "TF_VAR_protect": "false",
            "TF_VAR_ssh_public_keys": public.read_text(encoding="utf-8").strip(),
        }

    @property
    def _database(self) -> Path:
        return self.state_dir / state_directory.DATABASE

    def _running(self) -> LabInfo | None:
        info = LabInfo.load(self.state_dir)
        return info if info is not None and info.is_alive else None

    def _has_lost_its_node(self, info: LabInfo) -> bool:
        """Whether the process that held the node's namespaces is gone, as after a power cut."""
        return info.netns is not None and Node(self.state_dir, info.node).holder() is None

    def _kill(self, info: LabInfo) -> None:
        """End a server that has nothing left to end in order."""
        self._signal(info.pid, signal.SIGKILL)
        wait_until(lambda: not info.is_alive, what="the lab's server to end", timeout=10)

    def _check_same(self, info: LabInfo) -> None:
        if self._runtime not in {"auto", info.runtime}:
            raise ConfigurationError(
                f"the lab in {self.state_dir} runs with the runtime {info.runtime}, "
                f"and {self._runtime} was asked for",
                hint="end it with 'homelab lab down' (or destroy), or use another --state",
            )
        if self._bridges is not None and self._bridges != dict(info.bridges):
            raise ConfigurationError(
                f"the lab in {self.state_dir} runs with other bridges: "
                + ", ".join(f"{name} {address}" for name, address in info.bridges.items()),
                hint="end it with 'homelab lab down'; the next start makes the new ones",
            )
        for wanted, has in self._settings(info):
            if wanted != has:
                raise ConfigurationError(
                    f"the lab in {self.state_dir} runs with {has}, not with {wanted}",
                    hint="end it with 'homelab lab down'; the next start takes the new setting",
                )

    def _settings(self, info: LabInfo) -> Iterator[tuple[str, str]]:
        """What was asked for, in words, beside what the running lab has."""
        if self._nodes is not None:
            yield _nodes(self._nodes), _nodes(info.nodes)
        if self._pve_version is not None:
            try:
                wanted = Release.parse(self._pve_version)
            except ValueError as error:
                raise ConfigurationError(str(error), hint="use --pve-version 8 or 9") from error
            yield f"Proxmox VE {wanted}", f"Proxmox VE {info.release}"
        if self._resources_lag is not None:
            yield f"a lag of {self._resources_lag:g} s", f"a lag of {info.resources_lag:g} s"

    def _choose(self) -> tuple[RuntimeKind, tuple[str, ...]]:
        if not self._database.exists():
            return choice.choose(self._runtime, None)
        with closing(State(self._database)) as state:
            return choice.choose(self._runtime, state)

    def _options(self, kind: RuntimeKind, notes: tuple[str, ...]) -> ServeOptions:
        return ServeOptions(
            state=self.state_dir,
            cache=self.cache_dir,
            runtime=kind,
            listen=self._listen,
            bridges=self._bridges,
            node=self._node,
            notes=notes,
            nodes=self._nodes,
            pve_version=self._pve_version,
            resources_lag=self._resources_lag,
            request_log=self._request_log,
        )

    def _start_or_leave_nothing(self, tell: Callable[[str], None]) -> LabInfo:
        try:
            return self._start(tell)
        except HomelabError:
            if not self._database.exists():
                state_directory.remove(self.state_dir)
            raise

    def _start(self, tell: Callable[[str], None]) -> LabInfo:
        kind, notes = self._choose()
        log = self.state_dir / state_directory.SERVER_LOG
        launch(self._options(kind, notes), log=log, on_progress=tell)
        return self.info()

    def _end(self) -> None:
        """End the server when there is one; else do what it would have done."""
        from homelab.lab.guests import recovery
        from homelab.lab.guests.view import guest_of

        process = state_directory.server_process(self.state_dir)
        if process is not None:
            pid, start_time = process
            self._signal(pid, signal.SIGTERM)
            try:
                wait_until(
                    lambda: not is_alive(pid, start_time=start_time),
                    what="the lab's server to end",
                    timeout=_STOP_TIMEOUT,
                )
            except WaitTimeoutError:
                self._signal(pid, signal.SIGKILL)
                time.sleep(0.2)
            if not (self.state_dir / FILE_NAME).exists():
                return
        if not self._database.exists():
            return
        with state_directory.serving(self.state_dir), closing(State(self._database)) as state:
            guests = [guest_of(record.vmid, record.config) for record in state.guests()]
            for runtime in self._runtimes():
                runtime.shut_node(guests)
            recovery.note_halt(state)
        (self.state_dir / FILE_NAME).unlink(missing_ok=True)

    def _signal(self, pid: int, number: signal.Signals) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise CapabilityError(
                f"the lab in {self.state_dir} belongs to another user",
                hint="run this as that user (with sudo)",
            ) from error

    def _runtimes(self) -> tuple[NodeRuntime, ...]:
        """The runtimes that may have something in the state directory."""
        kinds = {RuntimeKind.MEMORY}
        if any((self.state_dir / name).exists() for name in ("node", "lxc", "storage")):
            kinds.add(RuntimeKind.LXC)
        return tuple(
            choice.make(kind, state=self.state_dir, cache=self.cache_dir, node=self._node)
            for kind in sorted(kinds)
        )


def _nodes(count: int) -> str:
    return "1 node" if count == 1 else f"{count} nodes"

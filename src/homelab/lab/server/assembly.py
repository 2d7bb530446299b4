"""The lab's server: everything that it is made of, from the state to the sockets.

Ends in order on SIGTERM or Ctrl-C: containers are stopped and the node goes down. On kill -9
containers go on, and the next server finds them.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from ipaddress import IPv4Interface

from homelab.errors import ConfigurationError, HomelabError
from homelab.lab.access.acl import Access
from homelab.lab.access.tickets import ROOT, TOKEN_NAME, Authenticator, Secrets
from homelab.lab.guests import recovery
from homelab.lab.guests.files import INCOMING
from homelab.lab.host.ssh_key import ensure_ssh_key
from homelab.lab.node.context import Context
from homelab.lab.node.faults import Faults
from homelab.lab.node.lag import Lag
from homelab.lab.node.storages import DEFAULT_STORAGE
from homelab.lab.node.tasks import Tasks
from homelab.lab.runtime import Bridge, RuntimeKind
from homelab.lab.runtimes import choice
from homelab.lab.server import state_directory, tls
from homelab.lab.server.info import FILE_NAME, LabInfo
from homelab.lab.server.limits import Limits
from homelab.lab.server.listener import bind
from homelab.lab.server.options import ServeOptions
from homelab.lab.server.request_log import RequestLog
from homelab.lab.state.database import State
from homelab.netns import inside
from homelab.process import start_time_of
from homelab.pve.release import DEFAULT_RELEASE, Release

_log = logging.getLogger(__name__)

DEFAULT_BRIDGES: Mapping[str, str] = {"vmbr0": "10.10.0.1/24", "vmbr1": "10.20.0.254/24"}
API_PORT = 8006
_BRIDGES_KEY = "bridges"
_NODES_KEY = "nodes"
_RELEASE_KEY = "release"
_COUNT = re.compile(r"[1-9][0-9]{0,2}")
_NAME = re.compile(r"[a-zA-Z0-9-]+")
_TASKS_END = 60.0
_TEMPLATE = "homelab"


def serve(
    options: ServeOptions,
    *,
    on_ready: Callable[[LabInfo], None],
    limits: Limits = Limits(),  # noqa: B008  (frozen)
) -> None:
    """Serve until a signal ends it; `on_ready` is called once it answers.

    Raises:
        ConfigurationError: the port is in use, or the state can't be used.
        CapabilityError: the runtime can't work here.
    """
    state_directory.prepare(options.state)
    with ExitStack() as stack:
        stack.enter_context(state_directory.serving(options.state))
        sockets = [stack.enter_context(bind(options.listen))]
        state = stack.enter_context(closing(State(options.state / state_directory.DATABASE)))
        bridges = _bridges(state, options)
        runtime = choice.make(
            options.runtime, state=options.state, cache=options.cache, node=options.node
        )
        if _changed(state, _BRIDGES_KEY, json.dumps({b.name: b.address for b in bridges})):
            runtime.shut_node(())
        stack.callback(runtime.close)
        boot_id = runtime.open(bridges)
        _changed(state, choice.RUNTIME_KEY, str(options.runtime))
        namespace = runtime.network_namespace()
        inside_address = bridges[0].address.partition("/")[0] if namespace and bridges else None
        if inside_address is not None:
            with inside(namespace):
                sockets.append(stack.enter_context(bind(f"{inside_address}:{API_PORT}")))
        secret = Secrets.load(options.state / "secrets.json")
        release = _release(state, options)
        access, faults = Access(state, release=release), Faults(state)
        tasks = Tasks(
            state,
            options.state / "tasks",
            node=options.node,
            faults=faults,
            at_once=options.runtime is RuntimeKind.MEMORY,
        )
        stack.callback(tasks.close, timeout=_TASKS_END)
        context = Context(
            node=options.node,
            state=state,
            tasks=tasks,
            runtime=runtime,
            authenticator=Authenticator(secret, directory=access),
            bridges=bridges,
            started=time.time(),
            access=access,
            faults=faults,
            files=options.state / state_directory.FILES,
            nodes=_nodes(state, options),
            release=release,
            lag=Lag(options.resources_lag) if options.resources_lag else None,
        )
        files = tls.ensure_certificates(
            options.state / "tls", names=_names(options, bridges, sockets[0])
        )
        recovery.recover(context, boot_id)
        host, port = sockets[0].getsockname()[:2]
        info = LabInfo(
            pid=os.getpid(),
            start_time=start_time_of(os.getpid()) or 0,
            runtime=str(options.runtime),
            node=options.node,
            api_url=f"https://{_reachable(host)}:{port}/api2/json",
            inside_api_url=(
                f"https://{inside_address}:{API_PORT}/api2/json" if inside_address else None
            ),
            ca_file=str(files.ca),
            user=ROOT,
            password=secret.password,
            token_id=f"{ROOT}!{TOKEN_NAME}",
            token_secret=secret.token_secret,
            storage=DEFAULT_STORAGE,
            template=_template(context),
            netns=str(namespace) if namespace else None,
            mntns=str(path) if (path := runtime.mount_namespace()) else None,
            ssh_key=str(ensure_ssh_key(options.state / "ssh")),
            bridges={bridge.name: bridge.address for bridge in bridges},
            state_dir=str(options.state),
            cache_dir=str(options.cache),
            notes=(*options.notes, *runtime.notes()),
            nodes=len(context.nodes),
            release=str(release),
            resources_lag=options.resources_lag or 0.0,
        )
        log = None
        if options.request_log is not None:
            log = stack.enter_context(RequestLog(options.request_log))
        asyncio.run(
            _answer(context, sockets, files, info, on_ready=on_ready, log=log, limits=limits)
        )
        tasks.close(timeout=_TASKS_END)
        recovery.halt(context)
        (options.state / FILE_NAME).unlink(missing_ok=True)


async def _answer(
    context: Context,
    sockets: list[socket.socket],
    files: tls.CertificateFiles,
    info: LabInfo,
    *,
    on_ready: Callable[[LabInfo], None],
    log: RequestLog | None,
    limits: Limits,
) -> None:
    from homelab.lab.api.cluster.resources import see
    from homelab.lab.api.dispatch import Dispatcher
    from homelab.lab.server.http import Server

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = Server(
        Dispatcher(context),
        sockets,
        tls.server_context(files),
        uploads=context.files / INCOMING,
        limits=limits,
        log=log,
    )
    try:
        await server.start()
        gc.freeze()  # what is there now stays, so that looking for garbage takes little time
        info.save()
        on_ready(info)
        _log.info("serving %s, runtime %s", info.api_url, info.runtime)
        if context.lag is None:
            await ended.wait()
        else:
            await _look_now_and_then(lambda: see(context), context.lag.seconds, ended)
        _log.info("ending")
    finally:
        await server.stop()


async def _look_now_and_then(
    look: Callable[[], None], seconds: float, ended: asyncio.Event
) -> None:
    """Look every `seconds` seconds until the end."""
    while not ended.is_set():
        try:
            await asyncio.to_thread(look)
        except HomelabError as error:
            _log.warning("can't look at the containers: %s", error.message)
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), seconds)


def _bridges(state: State, options: ServeOptions) -> tuple[Bridge, ...]:
    wanted = options.bridges
    if wanted is None:
        wanted = _kept_bridges(state.meta(_BRIDGES_KEY) or "{}") or DEFAULT_BRIDGES
    return tuple(Bridge(name=name, address=address) for name, address in wanted.items())


def _kept_bridges(text: str) -> Mapping[str, str]:
    """The bridges of the last time; none where they can't be read."""
    try:
        found = json.loads(text)
        return {str(name): str(IPv4Interface(address)) for name, address in found.items()}
    except (ValueError, AttributeError) as error:
        _log.warning("the setting of the bridges is damaged: %s", error)
        return {}


def _nodes(state: State, options: ServeOptions) -> tuple[str, ...]:
    """The names of the nodes: the first one's, and that with numbers from 2 on."""
    kept = state.meta(_NODES_KEY) or "1"
    count = options.nodes or (int(kept) if _COUNT.fullmatch(kept) else 1)
    names = (options.node, *(f"{options.node}{number}" for number in range(2, count + 1)))
    homeless = {record.node for record in state.guests() if _NAME.fullmatch(record.node)} - {*names}
    if homeless:
        raise ConfigurationError(
            f"containers are on {', '.join(sorted(homeless))}, and the lab would not have them",
            hint="move or remove them first, or start the lab with as many nodes as before",
        )
    _changed(state, _NODES_KEY, str(count))
    return names


def _release(state: State, options: ServeOptions) -> Release:
    wanted = options.pve_version or state.meta(_RELEASE_KEY) or str(DEFAULT_RELEASE)
    try:
        release = Release.parse(wanted)
    except ValueError as error:
        if options.pve_version:
            raise ConfigurationError(str(error), hint="use --pve-version 8 or 9") from error
        _log.warning("the setting of the release is damaged: %s", error)
        release = DEFAULT_RELEASE
    _changed(state, _RELEASE_KEY, str(release))
    return release


def _changed(state: State, key: str, value: str) -> bool:
    """Keep a setting; whether it was another one before."""
    before = state.meta(key)
    if before == value:
        return False
    with state.transaction() as transaction:
        transaction.put_meta(key, value)
    return before is not None


def _names(
    options: ServeOptions, bridges: tuple[Bridge, ...], bound: socket.socket
) -> tuple[str, ...]:
    addresses = [bridge.address.partition("/")[0] for bridge in bridges]
    host = str(bound.getsockname()[0])
    own = [] if host in {"0.0.0.0", "::"} else [host]
    return ("127.0.0.1", "::1", "localhost", options.node, *addresses, *own)


def _reachable(host: str) -> str:
    if host in {"0.0.0.0", "::"}:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _template(context: Context) -> str:
    """The template with Docker in it, else any."""
    names = [template.volid for template in context.runtime.templates()]
    return next((name for name in names if _TEMPLATE in name), names[0] if names else "")

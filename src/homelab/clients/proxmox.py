"""The Proxmox VE API as typed calls, through proxmoxer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from homelab.errors import ApiError, ConfigurationError, UnreachableError
from homelab.pve.waiting import task_log, wait_for_task

_TIMEOUT = 30
DEFAULT_PORT = 8006


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestEntry:
    """A guest as the cluster's list of resources has it."""

    vmid: int
    name: str
    node: str
    type: str
    """lxc or qemu."""
    status: str
    """running, stopped or unknown."""
    pool: str | None
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerStatus:
    """How a container is doing now; sizes in bytes."""

    vmid: int
    name: str
    running: bool
    uptime: float
    cpus: float
    max_memory: int
    memory: int
    max_disk: int
    lock: str | None
    raw: Mapping[str, Any] = field(repr=False)


class Proxmox:
    """One API endpoint and one user.

    `url` is such as https://pve.example:8006/api2/json. Give either `user` and `password`, or
    `token_id` (root@pam!homelab) and `token_secret`. `ca_file` is what its certificate is checked
    against; `verify=False` accepts any. Nothing is sent before the first call.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str | None = None,
        password: str | None = None,
        token_id: str | None = None,
        token_secret: str | None = None,
        ca_file: Path | str | None = None,
        verify: bool = True,
        timeout: int = _TIMEOUT,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise ConfigurationError(
                f"the API address {url!r} is no https URL",
                hint="set PM_API_URL to something like https://pve.example:8006/api2/json",
            )
        self.url = url
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        options: dict[str, Any] = {
            "host": f"{host}:{parts.port or DEFAULT_PORT}",
            "verify_ssl": (str(ca_file) if ca_file else True) if verify else False,
            "timeout": timeout,
        }
        if token_id and token_secret:
            owner, _, name = token_id.partition("!")
            options |= {"user": owner, "token_name": name, "token_value": token_secret}
        elif user and password:
            options |= {"user": user, "password": password}
        else:
            raise ConfigurationError(
                f"no credentials for {url}",
                hint="set PM_API_TOKEN_ID and PM_API_TOKEN_SECRET, or PM_USER and PM_PASS",
            )
        self._options = options
        self._connected: Any = None

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> Self:
        """From PM_API_URL, PM_USER, PM_PASS, PM_API_TOKEN_ID, PM_API_TOKEN_SECRET, HOMELAB_CA_FILE.

        Raises:
            ConfigurationError: the address or the credentials are missing.
        """
        if not variables.get("PM_API_URL"):
            raise ConfigurationError("PM_API_URL is not set")
        return cls(
            variables["PM_API_URL"],
            user=variables.get("PM_USER"),
            password=variables.get("PM_PASS"),
            token_id=variables.get("PM_API_TOKEN_ID"),
            token_secret=variables.get("PM_API_TOKEN_SECRET"),
            ca_file=variables.get("HOMELAB_CA_FILE") or None,
        )

    def get(self, path: str) -> Any:
        """The data that a GET of a path below /api2/json answers; a query may be part of it.

        Raises:
            ApiError: PVE refused; it carries PVE's own text.
            UnreachableError: nothing answers, or its certificate is not trusted.
        """
        return self._request("GET", path)

    def version(self) -> str:
        """PVE's version, such as 9.1.2."""
        return str(self.get("version")["version"])

    def permissions(self) -> Mapping[str, Mapping[str, int]]:
        """What these credentials may do: privileges by path, and whether each holds below it too.

        PVE lists every path at which something is granted; others have what propagates to them.
        """
        return dict(self.get("access/permissions") or {})

    def nodes(self) -> tuple[str, ...]:
        """The names of the cluster's nodes."""
        return tuple(sorted(str(node["node"]) for node in self.get("nodes")))

    def resources(self) -> tuple[GuestEntry, ...]:
        """All guests by vmid. PVE answers from statistics, seconds old."""
        guests = self.get("cluster/resources?type=vm")
        return tuple(sorted((_guest(guest) for guest in guests), key=lambda guest: guest.vmid))

    def containers(self) -> tuple[GuestEntry, ...]:
        """All containers by vmid."""
        return tuple(guest for guest in self.resources() if guest.type == "lxc")

    def pools(self) -> tuple[str, ...]:
        """The names of all pools."""
        return tuple(sorted(str(pool["poolid"]) for pool in self.get("pools")))

    def config(self, node: str, vmid: int) -> Mapping[str, Any]:
        """A container's configuration."""
        return dict(self.get(f"nodes/{node}/lxc/{vmid}/config"))

    def status(self, node: str, vmid: int) -> ContainerStatus:
        """How a container is doing."""
        raw = self.get(f"nodes/{node}/lxc/{vmid}/status/current")
        return ContainerStatus(
            vmid=vmid,
            name=str(raw.get("name", "")),
            running=raw.get("status") == "running",
            uptime=float(raw.get("uptime", 0)),
            cpus=float(raw.get("cpus", 0)),
            max_memory=int(raw.get("maxmem", 0)),
            memory=int(raw.get("mem", 0)),
            max_disk=int(raw.get("maxdisk", 0)),
            lock=raw.get("lock"),
            raw=dict(raw),
        )

    def interfaces(self, node: str, vmid: int) -> tuple[Mapping[str, Any], ...]:
        """A running container's interfaces as PVE lists them; none when it does not run."""
        return tuple(self.get(f"nodes/{node}/lxc/{vmid}/interfaces") or ())

    def start(self, node: str, vmid: int) -> None:
        """Start a container and wait until it is started.

        Raises:
            ApiError: PVE refused, for instance because it runs.
            TaskError: the task failed.
        """
        self._task("POST", f"nodes/{node}/lxc/{vmid}/status/start")

    def stop(self, node: str, vmid: int) -> None:
        """End a container at once."""
        self._task("POST", f"nodes/{node}/lxc/{vmid}/status/stop")

    def shutdown(self, node: str, vmid: int, *, timeout: int = 60, force_stop: bool = True) -> None:
        """Shut a container down; with `force_stop` it is ended after `timeout` seconds."""
        values = {"timeout": timeout, "forceStop": int(force_stop)}
        self._task("POST", f"nodes/{node}/lxc/{vmid}/status/shutdown", values)

    def destroy(self, node: str, vmid: int) -> None:
        """Remove a stopped container and its volumes."""
        self._task("DELETE", f"nodes/{node}/lxc/{vmid}")

    def update(self, node: str, vmid: int, values: Mapping[str, str | int]) -> None:
        """Change options of a container's configuration."""
        self._request("PUT", f"nodes/{node}/lxc/{vmid}/config", values)

    def wait(self, upid: str, *, timeout: float = 600.0) -> str:
        """Wait for a task and return its exit status.

        Raises:
            TaskError: it failed; carries its log's last lines.
            WaitTimeoutError: it still runs after `timeout` seconds.
        """
        return wait_for_task(self.get, upid, timeout=timeout)

    def log(self, upid: str) -> tuple[str, ...]:
        """A task's log."""
        return task_log(self.get, upid)

    def _task(self, method: str, path: str, values: Mapping[str, str | int] | None = None) -> None:
        self.wait(str(self._request(method, path, values)))

    def _request(
        self, method: str, path: str, values: Mapping[str, str | int] | None = None
    ) -> Any:
        with _mapped(self.url, method, path):
            resource, _, query = path.partition("?")
            call = getattr(self._api()(resource), method.lower())
            if method == "GET":
                return call(**dict(pair.split("=", 1) for pair in query.split("&") if pair))
            return call(**(values or {}))

    def _api(self) -> Any:
        if self._connected is None:
            from proxmoxer import ProxmoxAPI

            self._connected = ProxmoxAPI(**self._options)
        return self._connected


@contextmanager
def _mapped(url: str, method: str, path: str) -> Iterator[None]:
    """Turn proxmoxer's and requests' errors into ours."""
    import requests
    from proxmoxer import AuthenticationError, ResourceException

    request = f"{method} /{path}"
    try:
        yield
    except AuthenticationError as error:
        raise ApiError(
            401, "authentication failure", request="POST /access/ticket", hint="check the password"
        ) from error
    except ResourceException as error:
        # proxmoxer keeps PVE's reason phrase in `content`, and the errors per parameter beside it.
        details = error.errors if isinstance(error.errors, dict) else {}
        lines = [f"{name}: {str(text).strip()}" for name, text in sorted(details.items())]
        reason = "\n".join((str(error.content).strip(), *lines))
        raise ApiError(error.status_code, reason, request=request) from error
    except requests.exceptions.SSLError as error:
        raise UnreachableError(
            f"the certificate of {url} is not trusted", hint="set HOMELAB_CA_FILE to the CA's file"
        ) from error
    except (requests.exceptions.RequestException, OSError) as error:
        raise UnreachableError(
            f"{request}: no answer from {url}: {type(error).__name__}",
            hint="see whether the API answers there ('homelab lab status')",
        ) from error


def _guest(raw: Mapping[str, Any]) -> GuestEntry:
    return GuestEntry(
        vmid=int(raw["vmid"]),
        name=str(raw.get("name", "")),
        node=str(raw["node"]),
        type=str(raw["type"]),
        status=str(raw.get("status", "unknown")),
        pool=raw.get("pool"),
        raw=dict(raw),
    )

"""The plugin process: handshake with Terraform, gRPC over a private socket, and its end."""

# ruff: noqa: ARG002 - signatures are gRPC's
from __future__ import annotations

import base64
import os
import re
import tempfile
import threading
from concurrent import futures
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from tf.gen import grpc_controller_pb2 as controller_pb
from tf.gen import grpc_controller_pb2_grpc as controller_rpc
from tf.gen import grpc_stdio_pb2_grpc as stdio_rpc
from tf.gen import tfplugin_pb2_grpc as rpc

from homelab.provider.application import ProxmoxProvider
from homelab.provider.servicer import Servicer

COOKIE = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
)
"""What Terraform sets to say that it, and not a person, starts the program."""

_WORKERS = 64
_HANDSHAKE = 1  # the descriptor on which Terraform reads one line
_PARENT_CHECK = 0.25


class _Controller(controller_rpc.GRPCControllerServicer):  # type: ignore[misc]
    """Terraform's way to end the process."""

    def __init__(self, ended: threading.Event) -> None:
        self._ended = ended

    def Shutdown(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._ended.set()
        return controller_pb.Empty()


class _Stdio(stdio_rpc.GRPCStdioServicer):  # type: ignore[misc]
    """Terraform asks for output that it does not get through the pipes; there is none."""

    def StreamStdio(self, request: Any, context: Any) -> Any:  # noqa: N802
        return iter(())


def serve(provider: ProxmoxProvider, certificate: Path | None) -> None:
    """Answer Terraform until it says that it is done, or is gone.

    `certificate` is a PEM file with a key and a self-signed certificate; it is made when absent.
    """
    parent = os.getppid()
    ended = threading.Event()
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=_WORKERS),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    rpc.add_ProviderServicer_to_server(Servicer(provider), server)
    controller_rpc.add_GRPCControllerServicer_to_server(_Controller(ended), server)
    stdio_rpc.add_GRPCStdioServicer_to_server(_Stdio(), server)
    pem = _pem(certificate)
    key, chain, der = _parts(pem)
    with tempfile.TemporaryDirectory(prefix="homelab-provider-") as directory:
        socket = f"{directory}/socket"
        credentials = grpc.ssl_server_credentials([(key, chain)], require_client_auth=False)
        server.add_secure_port(f"unix://{socket}", credentials)
        server.start()
        os.write(_HANDSHAKE, f"1|6|unix|{socket}|grpc|{der}\n".encode())
        while not ended.wait(_PARENT_CHECK):
            # Terraform that was killed can't say goodbye, and nobody else would end this process.
            if os.getppid() != parent:
                break
        server.stop(grace=0.2).wait()


def _pem(path: Path | None) -> bytes:
    """The key and certificate in `path`; made, and kept there, when it has none."""
    try:
        if path is not None and path.exists():
            return path.read_bytes()
    except OSError:
        path = None  # another user's: make one for this process alone
    from homelab.provider.certificate import self_signed

    pem = self_signed()
    if path is not None:
        with suppress(OSError):
            _keep(path, pem)
    return pem


def _keep(path: Path, pem: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    Path(name).replace(path)


def _parts(pem: bytes) -> tuple[bytes, bytes, str]:
    """The key, the certificate, and the certificate's DER in unpadded base64 for the handshake."""
    found = re.search(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", pem, re.DOTALL)
    if found is None:
        raise ValueError("no certificate in the provider's PEM file")
    der = base64.b64decode(found[1])
    return pem, found[0] + b"\n", base64.b64encode(der).decode().rstrip("=")

"""The lab's own certificate authority, and the server certificate that it signs."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from homelab.errors import ConfigurationError
from homelab.files import replace_file

_SERVER_DAYS = 820
_RENEWAL = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """Where the certificates are."""

    ca: Path
    certificate: Path
    key: Path


def ensure_certificates(directory: Path, *, names: Sequence[str]) -> CertificateFiles:
    """Make what is missing, expires soon or lacks one of `names` (host names and addresses).

    The authority stays the same for the life of the directory, so that clients keep trusting it.
    """
    files = CertificateFiles(
        ca=directory / "ca.pem", certificate=directory / "server.pem", key=directory / "server.key"
    )
    wanted = "\n".join(sorted(set(names)))
    covered = directory / "names"
    try:
        if _is_current(files, covered, wanted):
            return files
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _issue(directory, files, sorted(set(names)))
        covered.write_text(wanted, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"can't write certificates to {directory}: {os.strerror(error.errno or 0)}"
        ) from error
    return files


def server_context(files: CertificateFiles) -> ssl.SSLContext:
    """What the server listens with."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    return context


def _is_current(files: CertificateFiles, covered: Path, wanted: str) -> bool:
    if not all(path.exists() for path in (files.ca, files.certificate, files.key, covered)):
        return False
    age = datetime.now(UTC) - datetime.fromtimestamp(files.certificate.stat().st_mtime, UTC)
    fresh = age < timedelta(days=_SERVER_DAYS) - _RENEWAL
    return fresh and covered.read_text(encoding="utf-8") == wanted


def _issue(directory: Path, files: CertificateFiles, names: Sequence[str]) -> None:
    import trustme

    ca_key = directory / "ca.key"
    if files.ca.exists() and ca_key.exists():
        ca = trustme.CA.from_pem(files.ca.read_bytes(), ca_key.read_bytes())
    else:
        unit = f"lab {os.urandom(4).hex()}"
        ca = trustme.CA(path_length=0, organization_name="homelab", organization_unit_name=unit)
        replace_file(ca_key, ca.private_key_pem.bytes(), mode=0o600)
        ca.cert_pem.write_to_path(files.ca)
    made = ca.issue_cert(
        *names,
        common_name="homelab lab node",
        organization_name="homelab",
        not_after=datetime.now(UTC) + timedelta(days=_SERVER_DAYS),
    )
    replace_file(files.key, made.private_key_pem.bytes(), mode=0o600)
    made.cert_chain_pems[0].write_to_path(files.certificate)

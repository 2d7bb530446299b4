"""The lab's own certificate authority, and the server certificate that it signs."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from homelab.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography import x509

_CA_DAYS = 3650
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
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def builder(days: int) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=days))
        )

    def usage(*, authority: bool) -> x509.KeyUsage:
        return x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=authority,
            crl_sign=authority,
            encipher_only=False,
            decipher_only=False,
        )

    def save_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )

    ca_key_file = directory / "ca.key"
    if files.ca.exists() and ca_key_file.exists():
        ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
        loaded = serialization.load_pem_private_key(ca_key_file.read_bytes(), password=None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise ConfigurationError(
                f"{ca_key_file} is not a key of the lab", hint="run 'homelab lab destroy'"
            )
        ca_key = loaded
    else:
        ca_key = ec.generate_private_key(ec.SECP256R1())
        ca_name = name(f"homelab lab {os.urandom(4).hex()}")
        ca_identifier = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
        ca = (
            builder(_CA_DAYS)
            .subject_name(ca_name)
            .issuer_name(ca_name)
            .public_key(ca_key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage(authority=True), critical=True)
            .add_extension(ca_identifier, critical=False)
            .sign(ca_key, hashes.SHA256())
        )
        save_key(ca_key_file, ca_key)
        files.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))

    key = ec.generate_private_key(ec.SECP256R1())
    alternatives = x509.SubjectAlternativeName([_general_name(text) for text in names])
    certificate = (
        builder(_SERVER_DAYS)
        .subject_name(name("homelab lab node"))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(alternatives, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()),
            critical=False,
        )
        .sign(ca_key, hashes.SHA256())
    )
    save_key(files.key, key)
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _general_name(text: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)

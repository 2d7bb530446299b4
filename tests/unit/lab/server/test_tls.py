from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from homelab.errors import ConfigurationError
from homelab.lab.host.ssh_key import ensure_ssh_key
from homelab.lab.server.tls import ensure_certificates, server_context


def _handshake(server: ssl.SSLContext, ca: Path, name: str) -> None:
    client = ssl.create_default_context(cafile=str(ca))
    if hasattr(ssl, "VERIFY_X509_STRICT"):
        client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname=name)
    there = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (here, there):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert here.getpeercert()


def test_a_strict_client_trusts_every_name_of_the_node(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path / "tls", names=["127.0.0.1", "localhost", "10.10.0.1"])
    for name in ("127.0.0.1", "localhost", "10.10.0.1"):
        _handshake(server_context(files), files.ca, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(server_context(files), files.ca, "example.org")


def test_new_names_get_a_new_certificate_of_the_same_authority(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, names=["127.0.0.1"])
    ca, certificate = first.ca.read_bytes(), first.certificate.read_bytes()
    assert (
        ensure_certificates(tmp_path, names=["127.0.0.1"]).certificate.read_bytes() == certificate
    )
    again = ensure_certificates(tmp_path, names=["127.0.0.1", "pve"])
    assert again.ca.read_bytes() == ca
    assert again.certificate.read_bytes() != certificate
    _handshake(server_context(again), again.ca, "pve")


def test_an_authority_of_an_earlier_release_signs_on(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, names=["127.0.0.1"])
    ca, file = first.ca.read_bytes(), tmp_path / "ca.key"
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    again = ensure_certificates(tmp_path, names=["127.0.0.1", "pve"])
    assert again.ca.read_bytes() == ca
    _handshake(server_context(again), again.ca, "pve")


def test_keys_are_their_owners(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path / "tls", names=["127.0.0.1"])
    ssh = ensure_ssh_key(tmp_path / "ssh")
    for path in (files.key, tmp_path / "tls" / "ca.key", ssh):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_directory_that_can_not_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="can't write certificates"):
        ensure_certificates(tmp_path / "file" / "tls", names=["127.0.0.1"])
    with pytest.raises(ConfigurationError, match="can't write an ssh key"):
        ensure_ssh_key(tmp_path / "file" / "ssh")

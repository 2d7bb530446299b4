from __future__ import annotations

import ssl

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from homelab.provider.certificate import self_signed


def test_a_client_that_is_handed_the_certificate_trusts_it(tmp_path) -> None:
    path = tmp_path / "pair.pem"
    path.write_bytes(self_signed())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    client = ssl.create_default_context(cafile=str(path))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = (
        client.wrap_bio(to_client, to_server, server_hostname="localhost"),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(4):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert sides[0].getpeercert()


def test_each_is_another_and_lasts() -> None:
    one, other = self_signed(), self_signed()
    first = x509.load_pem_x509_certificate(one)
    assert first.public_key() == load_pem_private_key(one, None).public_key()
    assert first.serial_number != x509.load_pem_x509_certificate(other).serial_number
    lifetime = first.not_valid_after_utc - first.not_valid_before_utc
    assert lifetime.days > 3650

"""Certificates for `tls:` links of simulated herds: the same bytes at every run.

Keys are Ed25519 made from names, serial numbers and dates are fixed, and Ed25519 signs without randomness. So
handshakes have the same length in every run, and delays that depend on lengths are the same. OpenSSL checks
dates by the real clock, which no simulation reaches: hence the hundred years. These keys are no secret.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_FROM: Final = datetime(2000, 1, 1, tzinfo=UTC)
_UNTIL: Final = datetime(2100, 1, 1, tzinfo=UTC)
_AUTHORITY: Final = "ca"
_BOTH_SIDES: Final = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


def write_certificates(directory: Path, servers: Iterable[str]) -> None:
    """Write `ca.pem`, and `<server>.pem` and `<server>.key` for each server."""
    directory.mkdir(parents=True)
    authority, authority_key = _certify(_AUTHORITY, None)
    (directory / f"{_AUTHORITY}.pem").write_bytes(authority.public_bytes(Encoding.PEM))
    for name in servers:
        certificate, key = _certify(name, (authority, authority_key))
        (directory / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (directory / f"{name}.key").write_bytes(private)


def _certify(
    name: str, issuer: tuple[x509.Certificate, Ed25519PrivateKey] | None
) -> tuple[x509.Certificate, Ed25519PrivateKey]:
    digest = sha256(b"simulated herd " + name.encode()).digest()
    key = Ed25519PrivateKey.from_private_bytes(digest)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer[0].subject)
        .public_key(key.public_key())
        # A fixed length: the highest bit is clear, the next one set.
        .serial_number(int.from_bytes(digest[:16], "big") >> 2 | 1 << 125)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(_BOTH_SIDES), critical=False).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        )
    return builder.sign(key if issuer is None else issuer[1], None), key

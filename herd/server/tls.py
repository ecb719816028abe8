"""Who a peer is, by its certificate: mutual TLS 1.3 on links, server-side TLS for clients.

Every server has a certificate that carries its name (a DNS name of the subject alternative names) and is
signed by the herd's own authority. Both sides of a link demand one, and each compares the name in it with
the name that the peer claims in its handshake: a valid certificate for Ball does not make anyone Alford.

Files are read again when they change on the disk, for connections made from then on, so certificates are
renewed without a restart. A new file that cannot be used is said, and the old certificate stays in use.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates
from OpenSSL import SSL, crypto
from service_identity import CertificateError, VerificationError
from service_identity.cryptography import extract_patterns
from service_identity.hazmat import DNS_ID, verify_service_identity
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator
from twisted.internet.ssl import Certificate as TwistedCertificate
from twisted.internet.ssl import CertificateOptions, TLSVersion, trustRootFromCertificates
from zope.interface import implementer

from herd.core.errors import ConfigError, LinkError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from service_identity.hazmat import CertificatePattern
    from twisted.protocols.tls import TLSMemoryBIOProtocol

_UNUSABLE: Final = (OSError, ValueError, TypeError, SSL.Error)


@frozen
class CertificateFiles:
    """A certificate chain and its key; `authority`, where given, must have signed every peer's."""

    certificate: Path
    key: Path
    authority: Path | None = None

    def paths(self) -> list[Path]:
        """Return all files."""
        return [self.certificate, self.key] + ([self.authority] if self.authority else [])


def _options(files: CertificateFiles) -> CertificateOptions:
    # pyOpenSSL takes cryptography's objects, and warns of its own, but for an authority;
    # Twisted's annotations still name those.
    chain: list[Any] = load_pem_x509_certificates(files.certificate.read_bytes())
    key: Any = load_pem_private_key(files.key.read_bytes(), password=None)
    trust = None
    if files.authority is not None:
        authorities = load_pem_x509_certificates(files.authority.read_bytes())
        trust = trustRootFromCertificates(
            [TwistedCertificate(crypto.X509.from_cryptography(each)) for each in authorities]
        )
    return CertificateOptions(
        privateKey=key,
        certificate=chain[0],
        extraCertChain=chain[1:],
        trustRoot=trust,
        raiseMinimumTo=TLSVersion.TLSv1_3,
    )


@implementer(IOpenSSLServerConnectionCreator, IOpenSSLClientConnectionCreator)
class Certificates:
    """TLS connections of one server, with the certificate that is on the disk when each is made.

    A `ConfigError` at the beginning if the files cannot be used; `say` is told of it later.
    """

    def __init__(self, files: CertificateFiles, say: Callable[[str], None]) -> None:
        self._files = files
        self._say = say
        self._versions = self._look()
        try:
            self._context = _options(files).getContext()
        except _UNUSABLE as error:
            raise ConfigError([f"cannot use the certificate {files.certificate}: {error}"]) from None

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Make the TLS state of an accepted connection."""
        return SSL.Connection(self._current(), None)

    def clientConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Make the TLS state of a dialed connection."""
        return SSL.Connection(self._current(), None)

    def _current(self) -> SSL.Context:
        versions = self._look()
        if versions != self._versions:
            self._versions = versions
            try:
                self._context = _options(self._files).getContext()
            except _UNUSABLE as error:
                self._say(f"keeps its old certificate, for {self._files.certificate} cannot be used: {error}")
            else:
                self._say(f"uses the new certificate {self._files.certificate}")
        return self._context

    def _look(self) -> list[tuple[int, int] | None]:
        """Return what tells one version of each file from another."""
        return [_version(path) for path in self._files.paths()]


def _version(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def check_peer(transport: Any, name: str) -> None:
    """Raise a `LinkError` unless the certificate at the other end of a TLS transport carries `name`."""
    shown = getattr(transport, "getPeerCertificate", None)
    certificate = None if shown is None else shown()
    if certificate is None:
        raise LinkError(f"says it is {name!r} and shows no certificate")
    patterns: Sequence[CertificatePattern] = ()
    try:
        patterns = extract_patterns(certificate.to_cryptography())
        verify_service_identity(patterns, obligatory_ids=[DNS_ID(name)], optional_ids=[])
    except (VerificationError, CertificateError, ValueError):
        names = ", ".join(map(_text, patterns)) or "no name"
        raise LinkError(f"says it is {name!r}, its certificate says {names}") from None


def _text(pattern: Any) -> str:
    """Return a name as it stands in a certificate."""
    name = getattr(pattern, "pattern", pattern)
    return name.decode("ascii", "backslashreplace") if isinstance(name, bytes) else str(name)

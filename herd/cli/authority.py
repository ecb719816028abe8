"""The herd's own certificate authority: a directory of PEM files that `tls:` endpoints are made of.

    ca.pem  ca.key              the authority; only the machine that issues needs its key
    Alford.pem  Alford.key      a server: its name, and the hosts that clients know it by

Keys are Ed25519. Every file has mode 0600, is written beside its place and renamed into it, so that a server
that reads it meanwhile sees the old or the new one. Nothing is overwritten unless that was asked for.
"""

from __future__ import annotations

import ipaddress
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from herd.cli.certificate import Certificate, belong_together, is_there, read_certificate, read_key
from herd.config.names import AUTHORITY, certificate_name_problem
from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

_MODE: Final = 0o600
_DIRECTORY_MODE: Final = 0o700
_CLOCK_SKEW: Final = timedelta(minutes=5)
"""Certificates begin so long ago that a server whose clock is behind takes them too."""

_COMMON_NAME_BYTES: Final = 64
"""X.509 allows no more."""


class Authority:
    """A directory with a certificate authority in it, or one to be made."""

    def __init__(self, directory: Path, now: datetime) -> None:
        self._directory = directory
        self._now = now

    def init(self, herd: str, days: int, *, force: bool) -> Certificate:
        """Make the authority's key and certificate."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=_DIRECTORY_MODE)
        except OSError as error:
            raise HerdError(f"cannot make the directory {self._directory}: {error.strerror}") from None
        self._refuse_existing(AUTHORITY, force=force)
        key = Ed25519PrivateKey.generate()
        subject = _common_name(f"herd {herd}")
        certificate = (
            self._builder(subject, subject, key, self._now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(key, None)
        )
        return self._write(AUTHORITY, certificate, key)

    def issue(
        self, names: Sequence[str], hosts: Sequence[str], days: int, *, force: bool
    ) -> list[Certificate]:
        """Make keys and certificates of servers; `hosts` are further names or addresses for their clients.

        A `HerdError` if one of them cannot be made; then none is.
        """
        self._refuse_names(names, hosts)
        for name in names:
            self._refuse_existing(name, force=force)
        return self._make(dict.fromkeys(names, hosts), days)

    def renew(self, names: Iterable[str], days: int) -> list[Certificate]:
        """Replace servers' certificates and keys by new ones with the same names; all are read first."""
        names = list(names)
        if not names:
            raise HerdError(
                f"no server has a certificate in {self._directory}; `herd ca issue NAME...` makes one"
            )
        self._refuse_names(names, ())
        return self._make({name: self.read(name).names for name in names}, days)

    def names(self) -> list[str]:
        """Return the servers that have a certificate and its key here, sorted.

        A certificate that does not carry its file's name is none of ours, and left alone.
        """
        paths = sorted(path for path in self._directory.glob("*.pem") if path.stem != AUTHORITY)
        with_keys = [path for path in paths if is_there(path.with_suffix(".key"))]
        return [path.stem for path in with_keys if read_certificate(path).carries(path.stem)]

    def read(self, name: str) -> Certificate:
        """Return the certificate of a server, or of the authority."""
        path = self._directory / f"{name}.pem"
        if not is_there(path):
            command = "init" if name == AUTHORITY else f"issue {name}"
            raise HerdError(f"there is no {path}; `herd ca {command}` makes it")
        return read_certificate(path)

    def _make(self, hosts: dict[str, Sequence[str]], days: int) -> list[Certificate]:
        authority, authority_key = self._load_authority()
        expires = min(self._now + timedelta(days=days), authority.not_valid_after_utc)
        made = []
        for name, more in hosts.items():
            key = Ed25519PrivateKey.generate()
            sans = [_san(each) for each in dict.fromkeys([name, *more])]
            certificate = (
                self._builder(_common_name(name), authority.subject, key, expires)
                .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                .add_extension(_usage(signs_certificates=False), critical=True)
                .add_extension(x509.ExtendedKeyUsage(_BOTH_SIDES), critical=False)
                .add_extension(x509.SubjectAlternativeName(sans), critical=False)
                .add_extension(_issued_by(authority), critical=False)
                .sign(authority_key, None)
            )
            made.append(self._write(name, certificate, key))
        return made

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: Ed25519PrivateKey, expires: datetime
    ) -> x509.CertificateBuilder:
        public = key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _CLOCK_SKEW)
            .not_valid_after(expires)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )

    def _load_authority(self) -> tuple[x509.Certificate, Ed25519PrivateKey]:
        found = self.read(AUTHORITY)
        path = self._directory / f"{AUTHORITY}.key"
        if not is_there(path):
            raise HerdError(f"there is no {path}: issue on the machine where `herd ca init` made it")
        key = read_key(path)
        if not isinstance(key, Ed25519PrivateKey):
            raise HerdError(f"{path} is no Ed25519 key: it was not made by `herd ca init`")
        if not belong_together(found, key):
            raise HerdError(f"{path} is not the key of {found.path}")
        if found.expiry(self._now) == "expired":
            raise HerdError(f"{found.path} has expired; `herd ca init --force` makes a new authority")
        return found.chain[0], key

    def _refuse_names(self, names: Sequence[str], hosts: Sequence[str]) -> None:
        """Refuse what cannot stand in a certificate, or would let one server speak for another."""
        for name in names:
            if name.lower() == AUTHORITY:
                raise HerdError(f"a server cannot be called {name}: {AUTHORITY}.pem is the authority itself")
            wrong = certificate_name_problem(name)
            if wrong is not None:
                raise HerdError(f"{name!r} cannot be a server's name in a certificate: it {wrong}")
        servers = {name.lower() for name in (*names, *self.names())}
        for host in hosts:
            wrong = None if _ip(host) else certificate_name_problem(host)
            if wrong is not None:
                raise HerdError(f"--host {host!r} is neither an address nor a host's name: it {wrong}")
            if host.lower() in servers and [host.lower()] != [name.lower() for name in names]:
                raise HerdError(f"--host {host} is the name of a server, for which no other may speak")

    def _refuse_existing(self, name: str, *, force: bool) -> None:
        for path in (self._directory / f"{name}.pem", self._directory / f"{name}.key"):
            if is_there(path) and not force:
                raise HerdError(f"{path} exists; --force overwrites it")

    def _write(self, name: str, certificate: x509.Certificate, key: Ed25519PrivateKey) -> Certificate:
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = self._directory / f"{name}.pem"
        _replace(path.with_name(f"{name}.key"), private)
        _replace(path, certificate.public_bytes(Encoding.PEM))
        return Certificate(path, (certificate,))


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "wb") as file:
            file.write(content)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise HerdError(f"cannot write {path}: {error.strerror}") from None


def _common_name(text: str) -> x509.Name:
    cut = text.encode()[:_COMMON_NAME_BYTES].decode(errors="ignore")
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cut)])


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _san(name: str) -> x509.GeneralName:
    address = _ip(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


_BOTH_SIDES: Final = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
"""Either side of a link may be the one that dials."""


def _issued_by(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Return the extension without which strict clients, Python 3.13's among them, take no certificate."""
    try:
        own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )

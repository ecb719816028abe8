"""The herd's own certificate authority: a directory of PEM files that `tls:` links are made of.

    ca.pem  ca.key              the authority; only the machine that issues needs its key
    Alford.pem  Alford.key      a server: its name, and the hosts that clients know it by

Keys are Ed25519. Every file has mode 0600, is written beside its place and renamed into it, so that a server
that reads it meanwhile sees the old or the new one. Nothing is overwritten unless that was asked for.
"""

from __future__ import annotations

import ipaddress
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Iterable

AUTHORITY: Final = "ca"
"""The name of the authority's own files; no server may have it."""

_MODE: Final = 0o600
_CLOCK_SKEW: Final = timedelta(minutes=5)
"""Certificates begin so long ago that a server whose clock is behind takes them too."""


@frozen
class Certificate:
    """What a certificate says that a person wants to know."""

    name: str
    path: Path
    names: tuple[str, ...]
    """The names and addresses that it carries; none for the authority."""
    begins: datetime
    expires: datetime

    def days_left(self, now: datetime) -> int:
        """Return how many whole days remain; negative once it has expired."""
        return (self.expires - now).days


class Authority:
    """A directory with a certificate authority in it, or one to be made."""

    def __init__(self, directory: Path, now: datetime) -> None:
        self._directory = directory
        self._now = now

    def init(self, herd: str, days: int, *, force: bool) -> Certificate:
        """Make the authority's key and certificate."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._refuse_existing(AUTHORITY, force=force)
        key = Ed25519PrivateKey.generate()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"herd {herd} authority"[:64])])
        certificate = (
            self._builder(subject, subject, key, days)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(key, None)
        )
        self._write(AUTHORITY, certificate, key)
        return self.read(AUTHORITY)

    def issue(self, name: str, hosts: Iterable[str], days: int, *, force: bool) -> Certificate:
        """Make a server's key and certificate; `hosts` are further names or addresses for clients."""
        if name == AUTHORITY:
            raise HerdError(f"a server cannot be called {AUTHORITY!r}: that is the authority itself")
        self._refuse_existing(name, force=force)
        authority, authority_key = self._load(AUTHORITY)
        key = Ed25519PrivateKey.generate()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
        names = dict.fromkeys([name, *hosts])
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        try:
            certificate = (
                self._builder(subject, authority.subject, key, days)
                .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                .add_extension(_usage(signs_certificates=False), critical=True)
                .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
                .add_extension(x509.SubjectAlternativeName([_san(each) for each in names]), critical=False)
                .sign(authority_key, None)
            )
        except ValueError as error:
            raise HerdError(f"no certificate can carry these names: {', '.join(names)} ({error})") from None
        self._write(name, certificate, key)
        return self.read(name)

    def renew(self, name: str, days: int) -> Certificate:
        """Replace a server's certificate and key by new ones with the same names."""
        old = self.read(name)
        return self.issue(name, old.names, days, force=True)

    def names(self) -> list[str]:
        """Return the servers that have a certificate here, sorted."""
        return sorted(path.stem for path in self._directory.glob("*.pem") if path.stem != AUTHORITY)

    def read(self, name: str) -> Certificate:
        """Return what a certificate here says."""
        return read_certificate(self._directory / f"{name}.pem")

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: Ed25519PrivateKey, days: int
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _CLOCK_SKEW)
            .not_valid_after(self._now + timedelta(days=days))
        )

    def _load(self, name: str) -> tuple[x509.Certificate, Ed25519PrivateKey]:
        paths = [self._directory / f"{name}.pem", self._directory / f"{name}.key"]
        try:
            certificate = x509.load_pem_x509_certificate(paths[0].read_bytes())
            key = load_pem_private_key(paths[1].read_bytes(), password=None)
        except FileNotFoundError as error:
            raise HerdError(f"there is no {error.filename}; `herd ca init` makes an authority") from None
        except (OSError, ValueError, TypeError) as error:
            raise HerdError(f"cannot use {paths[0]} and {paths[1]}: {error}") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise HerdError(f"{paths[1]} is no Ed25519 key: it was not made by `herd ca init`")
        return certificate, key

    def _refuse_existing(self, name: str, *, force: bool) -> None:
        for path in (self._directory / f"{name}.pem", self._directory / f"{name}.key"):
            if path.exists() and not force:
                raise HerdError(f"{path} exists; --force overwrites it")

    def _write(self, name: str, certificate: x509.Certificate, key: Ed25519PrivateKey) -> None:
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _replace(self._directory / f"{name}.key", private)
        _replace(self._directory / f"{name}.pem", certificate.public_bytes(Encoding.PEM))


def read_certificate(path: Path) -> Certificate:
    """Return what the first certificate of a PEM file says; a `HerdError` if that cannot be read."""
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
        sans = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(str(each.value) for each in sans)
    except x509.ExtensionNotFound:
        names = ()
    except OSError as error:
        raise HerdError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise HerdError(f"{path} is no certificate in PEM") from None
    return Certificate(path.stem, path, names, found.not_valid_before_utc, found.not_valid_after_utc)


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "wb") as file:
            file.write(content)
        beside.replace(path)
    except OSError as error:
        raise HerdError(f"cannot write {path}: {error.strerror}") from None


def _san(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


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

"""A certificate on the disk: whom it speaks for, how soon it expires, and the key that belongs to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import field, frozen
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

WARN_DAYS: Final = 30
"""A certificate that expires sooner than this is worth a warning: time for a renewal, holidays included."""


@frozen
class Certificate:
    """What the first certificate of a file says, and those after it, up to an authority."""

    path: Path
    chain: tuple[x509.Certificate, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """The name of the file, which is a server's or the authority's."""
        return self.path.stem

    @property
    def begins(self) -> datetime:
        """When it begins to be valid."""
        return self.chain[0].not_valid_before_utc

    @property
    def expires(self) -> datetime:
        """When it ceases to be valid."""
        return self.chain[0].not_valid_after_utc

    @property
    def names(self) -> tuple[str, ...]:
        """The names and addresses that it carries; none for an authority."""
        try:
            found = self.chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (x509.ExtensionNotFound, ValueError):
            return ()
        return tuple(str(each.value) for each in found if isinstance(each, x509.DNSName | x509.IPAddress))

    def carries(self, host: str) -> bool:
        """Tell whether it speaks for a host, by its name or by a wildcard."""
        carried = {name.lower() for name in self.names}
        return not carried.isdisjoint({host.lower(), f"*.{host.lower().partition('.')[2]}"})

    def days_left(self, now: datetime) -> int:
        """Return how many whole days remain; negative once it has expired."""
        return (self.expires - now).days

    def expiry(self, now: datetime) -> str:
        """Return "expired", "soon" if that is near, else "valid"."""
        if now > self.expires:
            return "expired"
        return "soon" if self.days_left(now) < WARN_DAYS else "valid"


def read_certificate(path: Path) -> Certificate:
    """Read a certificate, and the chain after it, from a PEM file; a `HerdError` if that cannot be done."""
    try:
        return Certificate(path, tuple(x509.load_pem_x509_certificates(_content(path))))
    except ValueError:
        raise HerdError(f"{path} holds no certificate in PEM") from None


def read_key(path: Path) -> PrivateKeyTypes:
    """Read a private key from a PEM file; a `HerdError` if that cannot be done."""
    try:
        return load_pem_private_key(_content(path), password=None)
    except TypeError:
        raise HerdError(f"{path} is encrypted; a server has nobody to ask for the passphrase") from None
    except (ValueError, UnsupportedAlgorithm):
        raise HerdError(f"{path} holds no private key in PEM") from None


def belong_together(certificate: Certificate, key: PrivateKeyTypes) -> bool:
    """Tell whether a key is the one that a certificate was made for."""
    return _spki(certificate.chain[0].public_key()) == _spki(key.public_key())


def is_there(path: Path) -> bool:
    """Tell whether a file is there; what this user may not look at is, and reading it will tell why not."""
    try:
        return path.exists()
    except OSError:
        return True


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise HerdError(f"{path} cannot be read: {error.strerror or error}") from None

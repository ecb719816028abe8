"""Certificates and keys on the disk: what they say, and what is said of files that are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from herd.cli.certificate import belong_together, is_there, read_certificate, read_key
from herd.core.errors import HerdError

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def made(authority: trustme.CA, tmp_path: Path) -> Path:
    """Return site.pem, a certificate of some other authority that expires at `NOON`, and its site.key."""
    cert = authority.issue_cert("*.example.org", "alford", "192.0.2.7", "::1", not_after=NOON)
    file = tmp_path / "site.pem"
    for blob in cert.cert_chain_pems:
        blob.write_to_path(file, append=True)
    authority.cert_pem.write_to_path(file, append=True)
    cert.private_key_pem.write_to_path(tmp_path / "site.key")
    return file


def refused(path: Path, *, is_key: bool = False) -> str:
    with pytest.raises(HerdError) as caught:
        (read_key if is_key else read_certificate)(path)
    return str(caught.value).replace(str(path.parent), "DIR")


def test_what_a_certificate_says(made: Path) -> None:
    found = read_certificate(made)
    assert (found.name, found.path) == ("site", made)
    assert found.names == ("*.example.org", "alford", "192.0.2.7", "::1")
    assert found.expires == NOON
    assert found.begins < NOON
    assert len(found.chain) == 2, "the authority's stands in the file too"


@pytest.mark.parametrize(
    ("host", "is_carried"),
    [
        ("Alford", True),
        ("ALFORD", True),
        ("Ball", False),
        ("alford.example.org", True),
        ("a.alford.example.org", False),
        ("example.org", False),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("::1", True),
    ],
)
def test_for_whom_it_speaks(made: Path, host: str, *, is_carried: bool) -> None:
    assert read_certificate(made).carries(host) == is_carried


def test_an_authority_speaks_for_nobody(authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    found = read_certificate(tmp_path / "ca.pem")
    assert found.names == ()
    assert not found.carries("Alford")


@pytest.mark.parametrize(
    ("before", "days_left", "expiry"),
    [
        (timedelta(days=30), 30, "valid"),
        (timedelta(days=30, seconds=-1), 29, "soon"),
        (timedelta(days=1), 1, "soon"),
        (timedelta(seconds=1), 0, "soon"),
        (timedelta(), 0, "soon"),
        (timedelta(seconds=-1), -1, "expired"),
    ],
)
def test_expiry_is_near_thirty_days_before(
    made: Path, before: timedelta, days_left: int, expiry: str
) -> None:
    found = read_certificate(made)
    assert found.days_left(NOON - before) == days_left
    assert found.expiry(NOON - before) == expiry


def test_a_key_is_known_by_its_certificate(made: Path, authority: trustme.CA, tmp_path: Path) -> None:
    assert belong_together(read_certificate(made), read_key(tmp_path / "site.key"))
    authority.issue_cert("Ball").private_key_pem.write_to_path(tmp_path / "Ball.key")
    assert not belong_together(read_certificate(made), read_key(tmp_path / "Ball.key"))


def test_files_that_are_none(made: Path, tmp_path: Path) -> None:
    assert refused(tmp_path / "x.pem") == "DIR/x.pem cannot be read: No such file or directory"
    assert refused(tmp_path / "x.key", is_key=True) == "DIR/x.key cannot be read: No such file or directory"
    assert refused(tmp_path / "site.key") == "DIR/site.key holds no certificate in PEM"
    assert refused(made, is_key=True) == "DIR/site.pem holds no private key in PEM"
    (tmp_path / "empty").touch()
    assert refused(tmp_path / "empty") == "DIR/empty holds no certificate in PEM"
    assert refused(tmp_path / "empty", is_key=True) == "DIR/empty holds no private key in PEM"


def test_a_key_with_a_passphrase(made: Path, tmp_path: Path) -> None:
    del made
    key = load_pem_private_key((tmp_path / "site.key").read_bytes(), None)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame"))
    (tmp_path / "site.key").write_bytes(secret)
    assert refused(tmp_path / "site.key", is_key=True) == (
        "DIR/site.key is encrypted; a server has nobody to ask for the passphrase"
    )


def test_what_may_not_be_looked_at_is_there(made: Path, tmp_path: Path) -> None:
    assert is_there(made)
    assert not is_there(tmp_path / "x")
    assert not is_there(made / "x"), "a file is no directory"
    assert is_there(tmp_path / ("x" * 300)), "the system refuses to look"

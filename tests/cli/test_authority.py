"""The authority: what it signs is believed, its files are its owner's alone, nothing is lost unasked."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from herd.cli.authority import Authority
from herd.cli.certificate import read_certificate
from herd.core.errors import HerdError

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return the directory of an authority that was made at `NOW` for ten years."""
    found = tmp_path / "tls"
    Authority(found, NOW).init("herd", 3650, force=False)
    return found


def at(directory: Path, now: datetime = NOW) -> Authority:
    return Authority(directory, now)


def first(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def refused(
    authority: Authority, names: list[str], hosts: tuple[str, ...] = (), *, force: bool = False
) -> str:
    with pytest.raises(HerdError) as caught:
        authority.issue(names, hosts, 365, force=force)
    return str(caught.value)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


# What is made


def test_files_are_their_owners_alone(directory: Path) -> None:
    at(directory).issue(["Alford", "Ball"], [], 365, force=False)
    assert list(contents(directory)) == [
        "Alford.key",
        "Alford.pem",
        "Ball.key",
        "Ball.pem",
        "ca.key",
        "ca.pem",
    ]
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}
    assert directory.stat().st_mode & 0o777 == 0o700


def test_the_authority_can_sign_servers_and_no_other_authority(directory: Path) -> None:
    ca = first(directory / "ca.pem")
    basic = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value) == (True, x509.BasicConstraints(ca=True, path_length=0))
    usage = ca.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.digital_signature) == (True, False)
    assert ca.subject.rfc4514_string() == "CN=herd herd"
    ca.verify_directly_issued_by(ca)


def test_a_server_can_serve_and_dial_and_sign_nothing(directory: Path) -> None:
    (made,) = at(directory).issue(["Alford"], [], 365, force=False)
    found = first(made.path)
    basic = found.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert basic == x509.BasicConstraints(ca=False, path_length=None)
    usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.digital_signature) == (False, True)
    purposes = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    found.verify_directly_issued_by(first(directory / "ca.pem"))


def test_a_certificate_carries_its_name_and_hosts_once(directory: Path) -> None:
    hosts = ["alford.example.org", "192.0.2.7", "2001:db8::1", "Alford", "192.0.2.7"]
    (made,) = at(directory).issue(["Alford"], hosts, 365, force=False)
    assert made.names == ("Alford", "alford.example.org", "192.0.2.7", "2001:db8::1")
    assert read_certificate(made.path) == made
    sans = first(made.path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sans.get_values_for_type(x509.DNSName) == ["Alford", "alford.example.org"]
    assert [str(each) for each in sans.get_values_for_type(x509.IPAddress)] == ["192.0.2.7", "2001:db8::1"]


def test_it_begins_before_now_and_never_outlives_the_authority(directory: Path) -> None:
    (made,) = at(directory).issue(["Alford"], [], 365, force=False)
    assert (made.begins, made.expires) == (NOW - timedelta(minutes=5), NOW + timedelta(days=365))
    (made,) = at(directory, NOW + timedelta(days=3600)).issue(["Ball"], [], 365, force=False)
    assert made.expires == NOW + timedelta(days=3650)


def test_the_name_of_a_herd_is_cut_where_certificates_end(tmp_path: Path) -> None:
    at(tmp_path).init("é" * 32, 1, force=False)
    (name,) = first(tmp_path / "ca.pem").subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == f"herd {'é' * 29}"


# Whom they convince


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> tuple[str | None, bytes | None]:
    """Return what two sides came to: the version of TLS, and the certificate that the server saw."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    dialer = client.wrap_bio(to_client, to_server, server_hostname=name)
    acceptor = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [dialer, acceptor]
    while waiting:
        side = waiting.pop(0)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(side)
    return dialer.version(), acceptor.getpeercert(binary_form=True)


def context(directory: Path, name: str, purpose: ssl.Purpose) -> ssl.SSLContext:
    """Return one side of mutual TLS, as strict as Python 3.13 is by itself."""
    made = ssl.create_default_context(purpose, cafile=str(directory / "ca.pem"))
    made.load_cert_chain(directory / f"{name}.pem", directory / f"{name}.key")
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    return made


def test_both_sides_of_a_link_believe_each_other(tmp_path: Path) -> None:
    authority = at(tmp_path, datetime.now(UTC))
    authority.init("herd", 2, force=False)
    authority.issue(["Alford", "Ball"], [], 1, force=False)
    dialer = context(tmp_path, "Alford", ssl.Purpose.SERVER_AUTH)
    acceptor = context(tmp_path, "Ball", ssl.Purpose.CLIENT_AUTH)
    version, seen = shake_hands(dialer, acceptor, "Ball")
    assert version == "TLSv1.3"
    assert seen is not None
    assert x509.load_der_x509_certificate(seen) == first(tmp_path / "Alford.pem")
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(dialer, acceptor, "Welsh")


def test_nobody_believes_another_authority_of_the_same_name(directory: Path) -> None:
    at(directory).issue(["Alford"], [], 365, force=False)
    at(directory).init("herd", 3650, force=True)
    with pytest.raises(InvalidSignature):
        first(directory / "Alford.pem").verify_directly_issued_by(first(directory / "ca.pem"))
    at(directory).renew(["Alford"], 365)
    first(directory / "Alford.pem").verify_directly_issued_by(first(directory / "ca.pem"))


# What is not lost


def test_nothing_is_overwritten_unasked(directory: Path) -> None:
    at(directory).issue(["Alford"], [], 365, force=False)
    before = contents(directory)
    with pytest.raises(HerdError) as caught:
        at(directory).init("herd", 3650, force=False)
    assert str(caught.value) == f"{directory}/ca.pem exists; --force overwrites it"
    assert (
        refused(at(directory), ["Ball", "Alford"]) == f"{directory}/Alford.pem exists; --force overwrites it"
    )
    assert contents(directory) == before, "Ball was not made either"


def test_a_key_alone_is_not_overwritten_either(directory: Path) -> None:
    (directory / "Alford.key").write_text("mine")
    assert refused(at(directory), ["Alford"]) == f"{directory}/Alford.key exists; --force overwrites it"


def test_asked_to_it_overwrites_both(directory: Path) -> None:
    at(directory).issue(["Alford"], [], 365, force=False)
    before = contents(directory)
    at(directory).issue(["Alford"], [], 365, force=True)
    after = contents(directory)
    assert [name for name in after if after[name] != before[name]] == ["Alford.key", "Alford.pem"]
    assert list(after) == list(before), "and leaves nothing beside them"


# Renewal


def test_renewal_keeps_names_and_changes_the_key(directory: Path) -> None:
    authority = at(directory)
    (old,) = authority.issue(["Alford"], ["alford.example.org", "::1"], 30, force=False)
    (new,) = at(directory, NOW + timedelta(days=20)).renew(["Alford"], 90)
    assert new.names == old.names == ("Alford", "alford.example.org", "::1")
    assert new.expires == NOW + timedelta(days=110)
    assert new.chain[0].public_key() != old.chain[0].public_key()


def test_renewal_of_what_is_not_there_changes_nothing(directory: Path) -> None:
    authority = at(directory)
    authority.issue(["Alford"], [], 365, force=False)
    before = contents(directory)
    with pytest.raises(HerdError) as caught:
        authority.renew(["Alford", "Ball"], 365)
    assert str(caught.value) == f"there is no {directory}/Ball.pem; `herd ca issue Ball` makes it"
    with pytest.raises(HerdError) as caught:
        authority.renew([], 365)
    assert str(caught.value) == (
        f"no server has a certificate in {directory}; `herd ca issue NAME...` makes one"
    )
    assert contents(directory) == before


def test_certificates_that_came_from_elsewhere_are_left_alone(directory: Path) -> None:
    authority = at(directory)
    (made,) = authority.issue(["Alford"], [], 365, force=False)
    (directory / "site.pem").write_bytes(made.path.read_bytes())
    (directory / "site.key").touch()
    (directory / "dhparams.pem").write_text("no certificate, and no key beside it")
    assert authority.names() == ["Alford"]


# What is refused


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ca", "a server cannot be called ca: ca.pem is the authority itself"),
        ("Ca", "a server cannot be called Ca: ca.pem is the authority itself"),
        ("../x", "'../x' cannot be a server's name in a certificate: it is not made of letters, digits"),
        ("Zürich", "'Zürich' cannot be a server's name in a certificate: it is not made of letters, digits"),
        ("42", "'42' cannot be a server's name in a certificate: it would be taken for an address"),
    ],
)
def test_names_that_no_server_can_have(directory: Path, name: str, expected: str) -> None:
    before = contents(directory)
    assert refused(at(directory), ["Alford", name]).startswith(expected)
    with pytest.raises(HerdError) as caught:
        at(directory).renew([name], 365)
    assert str(caught.value).startswith(expected)
    assert contents(directory) == before


@pytest.mark.parametrize("host", ["a_b", "*.example.org", "", "10.0.0.300", "https://a"])
def test_hosts_that_are_none(directory: Path, host: str) -> None:
    message = refused(at(directory), ["Alford"], (host,))
    assert message.startswith(f"--host {host!r} is neither an address nor a host's name: it ")


def test_no_server_may_speak_for_another(directory: Path) -> None:
    at(directory).issue(["Ball"], [], 365, force=False)
    for name in ("Ball", "ball"):
        assert refused(at(directory), ["Alford"], (name,)) == (
            f"--host {name} is the name of a server, for which no other may speak"
        )
    assert refused(at(directory), ["Hamilton", "Welsh"], ("Welsh",)) == (
        "--host Welsh is the name of a server, for which no other may speak"
    )
    at(directory).issue(["Alford"], ["alford"], 365, force=False)


def test_without_an_authority_there_is_no_certificate(directory: Path, tmp_path: Path) -> None:
    assert refused(at(tmp_path / "x"), ["Alford"]) == (
        f"there is no {tmp_path}/x/ca.pem; `herd ca init` makes it"
    )
    (directory / "ca.key").unlink()
    assert refused(at(directory), ["Alford"]) == (
        f"there is no {directory}/ca.key: issue on the machine where `herd ca init` made it"
    )


def test_an_authority_that_cannot_sign(directory: Path, tmp_path: Path) -> None:
    late = at(directory, NOW + timedelta(days=3651))
    assert refused(late, ["Alford"]) == (
        f"{directory}/ca.pem has expired; `herd ca init --force` makes a new authority"
    )
    at(tmp_path / "other").init("herd", 365, force=False)
    (directory / "ca.key").write_bytes((tmp_path / "other" / "ca.key").read_bytes())
    assert refused(at(directory), ["Alford"]) == f"{directory}/ca.key is not the key of {directory}/ca.pem"
    rsa = generate_private_key(65537, 2048)
    (directory / "ca.key").write_bytes(rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert refused(at(directory), ["Alford"]) == (
        f"{directory}/ca.key is no Ed25519 key: it was not made by `herd ca init`"
    )
    (directory / "ca.pem").write_text("nothing")
    assert refused(at(directory), ["Alford"]) == f"{directory}/ca.pem holds no certificate in PEM"


def test_where_nothing_can_be_written(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(HerdError) as caught:
        at(directory / "ca.pem" / "x").init("herd", 1, force=False)
    assert str(caught.value) == f"cannot make the directory {directory}/ca.pem/x: Not a directory"
    (directory / "Alford.pem").mkdir()
    with pytest.raises(HerdError) as caught:
        at(directory).issue(["Alford"], [], 365, force=True)
    assert str(caught.value) == f"cannot write {directory}/Alford.pem: Is a directory"
    assert not [path for path in directory.iterdir() if path.name.startswith(".")]
    with pytest.raises(HerdError) as caught:
        at(Path("/dev/null")).init("herd", 1, force=False)
    assert str(caught.value) == "cannot make the directory /dev/null: File exists"
    assert list(tmp_path.iterdir()) == [directory]

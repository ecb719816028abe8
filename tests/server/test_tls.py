"""Who a neighbor is, on real sockets: its certificate says so, and all others get nothing."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import CertificateBuilder, Name, NameAttribute, load_pem_x509_certificate
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from pytest_twisted import ensureDeferred
from twisted.internet import reactor as global_reactor
from twisted.internet.endpoints import TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.protocol import Factory
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    TLSVersion,
    optionsForClientTLS,
    trustRootFromCertificates,
)
from zope.interface import implementer

from herd.cli.authority import Authority
from herd.core.errors import ConfigError
from herd.server.tls import CertificateFiles, Certificates
from herd.testing import Client
from tests.server.linkparts import hello

if TYPE_CHECKING:
    from pathlib import Path

    from herd.testing import LocalHerd, LocalServer
    from tests.server.conftest import RunningHerd

reactor: Any = global_reactor
IAMAT = b"IAMAT kiwi +34.068930-118.445127 1\n"


def make_certificates(directory: Path, *names: str, ago: timedelta = timedelta(0), days: int = 10) -> Path:
    """Make an authority, and servers' certificates that are valid for some days."""
    authority = Authority(directory, datetime.now(UTC) - ago)
    authority.init("testers", 365, force=True)
    authority.issue(names, ["localhost"], days, force=True)
    return directory


def use(source: Path, name: str, directory: Path, as_name: str) -> None:
    """Put a certificate and its key into the place of another."""
    for ending in ("pem", "key"):
        shutil.copy(source / f"{name}.{ending}", directory / f"{as_name}.{ending}")


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    return make_certificates(tmp_path / "tls", "Alford", "Ball", "Welsh")


def authority_of(directory: Path) -> Any:
    return trustRootFromCertificates([Certificate.loadPEM((directory / "ca.pem").read_bytes())])


def shown(directory: Path, name: str | None, **more: Any) -> CertificateOptions:
    """Return how somebody dials who trusts anybody and shows a certificate, or none."""
    if name is None:
        return CertificateOptions(**more)
    pem, key = ((directory / f"{name}.{ending}").read_bytes() for ending in ("pem", "key"))
    certificate: Any = load_pem_x509_certificate(pem)
    private_key: Any = load_pem_private_key(key, None)
    return CertificateOptions(certificate=certificate, privateKey=private_key, **more)


@implementer(IOpenSSLClientConnectionCreator)
class Shown:
    """Makes TLS connections as `CertificateOptions` says, and compares no name."""

    def __init__(self, options: CertificateOptions) -> None:
        self._options = options

    def clientConnectionForTLS(self, protocol: Any) -> Any:  # noqa: ARG002 - the interface's
        return SSL.Connection(self._options.getContext(), None)


async def dial(port: int, options: Any) -> Client:
    """Connect by TLS."""
    creator: Any = Shown(options) if isinstance(options, CertificateOptions) else options
    client = Client(reactor)
    endpoint: Any = wrapClientTLS(creator, TCP4ClientEndpoint(reactor, "127.0.0.1", port))
    await endpoint.connect(Factory.forProtocol(lambda: client))
    return client


async def dial_links(server: LocalServer, options: CertificateOptions) -> Client:
    return await dial(server.config.server(server.name).links.dial.port, options)


async def dial_clients(server: LocalServer, directory: Path, name: str = "localhost") -> Client:
    options = optionsForClientTLS(name, authority_of(directory))
    return await dial(server.config.server(server.name).clients.dial.port, options)


async def alford_alone(running_herd: RunningHerd) -> tuple[LocalHerd, LocalServer]:
    """Start Alford, whose neighbor Ball is not there."""
    herd = await running_herd("Alford-Ball", scheme="tls")
    await herd["Ball"].kill()
    await herd.until(lambda: herd["Alford"].link("Ball")["state"] != "up")
    return herd, herd["Alford"]


@ensureDeferred
async def test_a_herd_whose_servers_have_certificates_works(running_herd: RunningHerd, tls: Path) -> None:
    herd = await running_herd("Alford-Ball Ball-Welsh", scheme="tls")
    client = await dial_clients(herd["Alford"], tls)
    client.send(IAMAT)
    record = (await client.line())[:-1]
    await herd.until(lambda: herd["Welsh"].records == {b"kiwi": record})
    other = await dial_clients(herd["Welsh"], tls, "Welsh")
    other.send(b"x\nWHATSAT kiwi 10 5\n")
    assert await other.until(b"}\n\n") == b"? x\n" + record + b"\n" + b"{" + (
        await told_places(herd["Welsh"], tls)
    )
    for each in (client, other):
        await each.close()


async def told_places(server: LocalServer, tls: Path) -> bytes:
    client = await dial_clients(server, tls)
    client.send(b"WHATSAT kiwi 10 5\n")
    answer = await client.until(b"}\n\n")
    await client.close()
    return answer.partition(b"\n{")[2]


@ensureDeferred
async def test_a_neighbor_with_its_own_certificate_is_let_in(running_herd: RunningHerd, tls: Path) -> None:
    herd, alford = await alford_alone(running_herd)
    ball = await dial_links(alford, shown(tls, "Ball"))
    ball.send(hello("Ball"))
    assert (await ball.line()).startswith(b"HERD 1 testers Alford Ball ")
    await herd.until(lambda: alford.link("Ball")["state"] == "up")
    await ball.close()


@ensureDeferred
async def test_a_certificate_for_another_name_makes_nobody_a_neighbor(
    running_herd: RunningHerd, tls: Path
) -> None:
    herd, alford = await alford_alone(running_herd)
    stranger = await dial_links(alford, shown(tls, "Welsh"))
    stranger.send(hello("Ball") + b"AT Ball +1.000000000 kiwi +1-1 1\n")
    assert await stranger.rest() == b""
    await stranger.lost()
    assert alford.link("Ball")["state"] != "up"
    assert alford.records == {}
    await herd["Alford"].stop()
    log = alford.config.log_file("Alford").read_text()
    assert " refused says it is 'Ball', its certificate says welsh, localhost\n" in log


@ensureDeferred
async def test_a_server_that_dials_a_neighbor_looks_at_its_name_too(
    running_herd: RunningHerd, tls: Path
) -> None:
    herd, alford = await alford_alone(running_herd)
    use(tls, "Welsh", tls, "Ball")
    herd["Ball"].start()
    await herd.until(lambda: "says it is 'Ball', its certificate says " in str(alford.link("Ball")["error"]))
    assert alford.link("Ball")["state"] != "up"
    assert alford.link("Ball")["received"] == 0


@pytest.mark.parametrize("case", ["expired", "another authority", "none", "TLS 1.2", "not yet valid"])
@ensureDeferred
async def test_a_stranger_who_dials_gets_nothing_but_a_close(
    running_herd: RunningHerd, tls: Path, tmp_path: Path, case: str
) -> None:
    _, alford = await alford_alone(running_herd)
    if case == "expired":
        Authority(tls, datetime.now(UTC) - timedelta(days=5)).issue(["Ball"], [], 1, force=True)
    elif case == "not yet valid":
        Authority(tls, datetime.now(UTC) + timedelta(days=5)).issue(["Ball"], [], 1, force=True)
    elif case == "another authority":
        tls = make_certificates(tmp_path / "other", "Ball")
    more = {"lowerMaximumSecurityTo": TLSVersion.TLSv1_2} if case == "TLS 1.2" else {}
    stranger = await dial_links(alford, shown(tls, None if case == "none" else "Ball", **more))
    stranger.send(hello("Ball") + b"AT Ball +1.000000000 kiwi +1-1 1\n")
    assert await stranger.rest() == b""
    await stranger.lost()
    assert alford.link("Ball")["state"] != "up"
    assert alford.records == {}


@pytest.mark.parametrize("case", ["expired", "another authority"])
@ensureDeferred
async def test_a_stranger_who_is_dialed_is_told_nothing_more(
    running_herd: RunningHerd, tls: Path, tmp_path: Path, case: str
) -> None:
    herd, alford = await alford_alone(running_herd)
    if case == "expired":
        Authority(tls, datetime.now(UTC) - timedelta(days=5)).issue(["Ball"], [], 1, force=True)
    else:
        use(make_certificates(tmp_path / "other", "Ball"), "Ball", tls, "Ball")
    herd["Ball"].start()
    await herd.until(lambda: "certificate verify failed" in str(alford.link("Ball")["error"]))
    assert [
        herd[name].link(other)["state"] == "up" for name, other in (("Alford", "Ball"), ("Ball", "Alford"))
    ] == [
        False,
        False,
    ]


def make_nameless(directory: Path) -> None:
    """Have the authority sign a certificate that carries no name, as authorities not of herd's may."""
    authority = load_pem_x509_certificate((directory / "ca.pem").read_bytes())
    signer: Any = load_pem_private_key((directory / "ca.key").read_bytes(), None)
    key = Ed25519PrivateKey.generate()
    certificate = (
        CertificateBuilder()
        .subject_name(Name([NameAttribute(NameOID.COMMON_NAME, "Ball")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(authority.not_valid_before_utc)
        .not_valid_after(authority.not_valid_after_utc)
        .sign(signer, None)
    )
    (directory / "nameless.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (directory / "nameless.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


@ensureDeferred
async def test_a_certificate_without_any_name_is_refused_in_words(
    running_herd: RunningHerd, tls: Path
) -> None:
    _, alford = await alford_alone(running_herd)
    make_nameless(tls)
    stranger = await dial_links(alford, shown(tls, "nameless"))
    stranger.send(hello("Ball"))
    assert await stranger.rest() == b""
    await stranger.lost()
    await alford.stop()
    log = alford.config.log_file("Alford").read_text()
    assert " refused says it is 'Ball', its certificate says no name\n" in log


@pytest.mark.usefixtures("tls")
@ensureDeferred
async def test_a_stranger_who_speaks_no_tls_gets_no_word_of_the_protocol(
    running_herd: RunningHerd,
) -> None:
    _, alford = await alford_alone(running_herd)
    stranger = await alford.connect_to_links()
    stranger.send(hello("Ball"))
    assert b"HERD" not in await stranger.rest()
    await stranger.lost()
    client = await alford.connect()
    client.send(IAMAT)
    assert b"AT" not in await client.rest()
    assert alford.records == {}


def serial(client: Client) -> int:
    transport: Any = client.transport
    return int(transport.getPeerCertificate().get_serial_number())


def serial_of(directory: Path, name: str) -> int:
    return load_pem_x509_certificate((directory / f"{name}.pem").read_bytes()).serial_number


@ensureDeferred
async def test_certificates_are_renewed_without_a_restart(running_herd: RunningHerd, tls: Path) -> None:
    _, alford = await alford_alone(running_herd)
    before = await dial_clients(alford, tls)
    before.send(b"x\n")
    assert await before.line() == b"? x\n"
    assert serial(before) == serial_of(tls, "Alford")
    old = serial_of(tls, "Alford")
    Authority(tls, datetime.now(UTC)).renew(["Alford"], 10)
    after = await dial_clients(alford, tls)
    after.send(b"x\n")
    assert await after.line() == b"? x\n"
    assert serial(after) == serial_of(tls, "Alford") != old
    before.send(b"y\n")
    assert await before.line() == b"? y\n"
    ball = await dial_links(alford, shown(tls, "Ball"))
    ball.send(hello("Ball"))
    await ball.line()
    assert serial(ball) == serial_of(tls, "Alford")
    for client in (before, after, ball):
        await client.close()


@ensureDeferred
async def test_a_new_certificate_that_cannot_be_used_is_said_once_and_the_old_one_stays(
    running_herd: RunningHerd, tls: Path
) -> None:
    _, alford = await alford_alone(running_herd)
    good, old = (tls / "Alford.pem").read_bytes(), serial_of(tls, "Alford")
    for bad in (b"nonsense", b"", (tls / "Ball.pem").read_bytes(), None):
        (tls / "Alford.pem").unlink()
        if bad is not None:
            (tls / "Alford.pem").write_bytes(bad)
        for _ in range(2):
            client = await dial_clients(alford, tls)
            client.send(b"x\n")
            assert await client.line() == b"? x\n"
            assert serial(client) == old
            await client.close()
    (tls / "Alford.pem").write_bytes(good)
    client = await dial_clients(alford, tls)
    client.send(b"x\n")
    assert await client.line() == b"? x\n"
    await client.close()
    await alford.stop()
    log = alford.config.log_file("Alford").read_text()
    assert log.count(f"keeps its old certificate, for {tls / 'Alford.pem'} cannot be used: ") == 4
    assert log.count(f"uses the new certificate {tls / 'Alford.pem'}") == 1


def test_certificates_that_cannot_be_used_at_the_start_are_an_error(tmp_path: Path, tls: Path) -> None:
    files = CertificateFiles(tls / "Alford.pem", tls / "Ball.key", tls / "ca.pem")
    with pytest.raises(ConfigError, match="cannot use the certificate"):
        Certificates(files, print)
    with pytest.raises(ConfigError, match="cannot use the certificate"):
        Certificates(CertificateFiles(tmp_path / "none.pem", tls / "Ball.key"), print)

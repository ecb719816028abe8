"""Conversations over TLS with a real server, and with ones that are not what they should be."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from herd.cli.authority import Authority
from herd.cli.conversation import Answers, Trust, converse, trust_of
from herd.config.dump import dump_config
from herd.config.model import Address
from herd.core.errors import HerdError
from herd.testing.herd import LocalHerd, start_herd

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

# Twisted still gives pyOpenSSL its own kind of certificates.
pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL")

reactor: Any = global_reactor
IAMAT = b"IAMAT kiwi +34-118 5\n"
WHATSAT = b"WHATSAT kiwi 10 5\n"


@pytest.fixture
def authority(state: Path) -> Authority:
    """Return a new authority, in the directory where the herd looks for its certificates."""
    made = Authority(state / "tls", datetime.now(UTC))
    made.init("testers", 1, force=False)
    return made


@pytest.fixture
def alford(authority: Authority, state: Path) -> Iterator[Callable[..., Coroutine[Any, Any, LocalHerd]]]:
    """Return a function that starts a herd of one, whose certificate names it and 127.0.0.1."""
    herds: list[LocalHerd] = []

    async def start(name: str = "Alford", **options: Any) -> LocalHerd:
        authority.issue([name], ["127.0.0.1"], 1, force=True)
        if name != "Alford":
            for suffix in (".pem", ".key"):
                (state / "tls" / f"{name}{suffix}").rename(state / "tls" / f"Alford{suffix}")
        herds.append(await start_herd(reactor, "Alford", state, **options))
        (state / "herd.toml").write_text(dump_config(herds[0]["Alford"].config))
        return herds[0]

    yield start
    for herd in herds:
        pytest_twisted.blockon(Deferred.fromCoroutine(herd.stop()).addTimeout(10, reactor))


def at(herd: LocalHerd) -> Address:
    return herd["Alford"].config.server("Alford").clients.dial


def trust(herd: LocalHerd) -> Trust | None:
    return trust_of(herd["Alford"].config, "Alford")


def talk(herd: LocalHerd, payload: bytes, believed: Trust | None = None) -> Deferred[bytes]:
    whom = believed or trust(herd)
    return deferToThread(lambda: b"".join(converse(at(herd), payload, 5, whom)))


async def refused(herd: LocalHerd, believed: Trust | None = None) -> str:
    with pytest.raises(HerdError) as caught:
        await talk(herd, IAMAT, believed)
    return str(caught.value)


@pytest_twisted.ensureDeferred
async def test_a_server_of_the_configuration_is_spoken_to_as_its_endpoint_says(
    alford: Any, state: Path, run_cli: Callable[..., Any]
) -> None:
    herd = await alford(scheme="tls")
    for line, begin, end in [
        (IAMAT, b"AT Alford +", b" kiwi +34-118 5\n"),
        (WHATSAT, b"AT Alford +", b"}\n\n"),
        (b"nonsense\n", b"? nonsense\n", b""),
    ]:
        said = ["say", "--config", state / "herd.toml", "Alford", line.decode()]
        result = await deferToThread(run_cli, *said)
        assert result.stdout_bytes.startswith(begin)
        assert result.stdout_bytes.endswith(end)
        assert (result.exit_code, result.stderr) == (line == b"nonsense\n", "")
    assert herd["Alford"].status()["connections"] == 0


@pytest_twisted.ensureDeferred
async def test_every_line_is_answered_and_the_connection_ends_in_order(alford: Any) -> None:
    herd = await alford(scheme="tls")
    answer = await talk(herd, IAMAT + WHATSAT + b"\n? \n" + b"WHATSAT nobody 10 5\r\n" + IAMAT)
    at_line, places, rest = answer[: answer.index(b"\n") + 1], *answer.split(b"\n", 2)[2].split(b"\n\n")
    assert at_line.startswith(b"AT Alford +")
    assert json.loads(places.removeprefix(at_line))["status"] == "OK"
    assert rest == b"? \n? ? \n? WHATSAT nobody 10 5\r\n" + at_line
    log = herd["Alford"].config.log_file("Alford")
    await herd.until(lambda: "closed Connection was closed cleanly" in log.read_text())


@pytest_twisted.ensureDeferred
async def test_a_limit_that_was_broken_is_the_whole_answer(alford: Any) -> None:
    herd = await alford(scheme="tls", line_bytes=300, client_id_bytes=100)
    assert await talk(herd, b"x" * 301 + b"\n" + IAMAT) == b"? line over 300 bytes\n"


@pytest_twisted.ensureDeferred
async def test_another_server_is_not_believed(alford: Any) -> None:
    herd = await alford(name="Ball", scheme="tls")
    assert (await refused(herd)).startswith(
        f"{at(herd)} is not believed to be Alford: Hostname mismatch, certificate is not valid for 'Alford'"
    )


@pytest_twisted.ensureDeferred
async def test_a_stranger_is_not_believed(alford: Any, state: Path) -> None:
    herd = await alford(scheme="tls")
    Authority(state / "other", datetime.now(UTC)).init("others", 1, force=False)
    stranger = Trust("Alford", state / "other" / "ca.pem")
    assert (await refused(herd, stranger)).startswith(f"{at(herd)} is not believed to be Alford: ")


@pytest_twisted.ensureDeferred
async def test_an_old_certificate_is_not_believed(alford: Any, state: Path) -> None:
    herd = await alford(scheme="tls")
    old = Authority(state / "tls", datetime.now(UTC) - timedelta(days=2))
    old.init("testers", 5, force=True)
    old.issue(["Alford"], [], 1, force=True)
    assert await refused(herd) == f"{at(herd)} is not believed to be Alford: certificate has expired"


@pytest_twisted.ensureDeferred
async def test_an_authority_that_cannot_be_read_is_told(alford: Any, state: Path) -> None:
    herd = await alford(scheme="tls")
    path = state / "tls" / "ca.pem"
    path.write_text("nonsense")
    assert (await refused(herd)).startswith(f"cannot read the herd's authority {path}: ")
    path.unlink()
    assert await refused(herd) == f"cannot read the herd's authority {path}: No such file or directory"


@pytest_twisted.ensureDeferred
async def test_an_address_is_spoken_to_in_plain_with_a_hint_where_that_is_wrong(
    alford: Any, run_cli: Callable[..., Any]
) -> None:
    herd = await alford(scheme="tls")
    result = await deferToThread(run_cli, "say", str(at(herd)), IAMAT.decode())
    said = "closed the connection without an answer; if it speaks TLS, give the server's NAME in its place"
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"herd: {at(herd)} {said}\n")


@pytest_twisted.ensureDeferred
async def test_a_certificate_for_all_servers_must_name_the_host(alford: Any, state: Path) -> None:
    herd = await alford(scheme="tls")
    config = herd["Alford"].config
    tls = evolve(config.tls, client_certificate=state / "public.pem", client_key=state / "public.key")
    believed = trust_of(evolve(config, tls=tls), "Alford")
    assert believed == Trust("127.0.0.1", None)
    assert await talk(herd, IAMAT, Trust("127.0.0.1", state / "tls" / "ca.pem"))
    assert (await refused(herd, believed)).startswith(f"{at(herd)} is not believed to be 127.0.0.1: ")


@pytest_twisted.ensureDeferred
async def test_plain_clients_need_no_trust(alford: Any) -> None:
    assert trust(await alford()) is None


# Servers that are broken


def scripted(state: Path, *, answer: bytes, is_plain: bool = False) -> tuple[Address, threading.Thread]:
    """Answer one connection with these bytes as soon as anything has come, and close it at once."""
    listener = socket.create_server(("127.0.0.1", 0))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(state / "tls" / "Alford.pem", state / "tls" / "Alford.key")

    def serve() -> None:
        with listener, listener.accept()[0] as plain:
            served = plain if is_plain else context.wrap_socket(plain, server_side=True)
            with served:
                served.recv(1000)
                served.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return Address(*listener.getsockname()), thread


@pytest.mark.parametrize(
    ("answer", "is_plain", "complaint"),
    [
        (b"AT Alford +0.000000001 kiwi", False, "broke off: closed in the midst of an answer"),
        (b"AT Alford +0.000000001 kiwi +34-118 5\n{\n", False, "broke off: closed in the midst of an answer"),
        (b"? a plain server\n", True, "does not speak TLS with us: "),
    ],
)
def test_an_answer_that_breaks_off_is_told(
    answer: bytes, is_plain: bool, complaint: str, authority: Authority, state: Path
) -> None:
    authority.issue(["Alford"], [], 1, force=False)
    address, thread = scripted(state, answer=answer, is_plain=is_plain)
    with pytest.raises(HerdError) as caught:
        list(converse(address, WHATSAT, 5, Trust("Alford", state / "tls" / "ca.pem")))
    thread.join()
    assert str(caught.value).startswith(f"{address} {complaint}")


# Where answers end

AT = b"AT Alford +0.000000001 kiwi +34-118 5"
EXCHANGES = [
    (b"IAMAT kiwi +34-118 5\n", AT + b"\n"),
    (b"IAMAT kiwi +34-118 5\r\n", AT + b"\r\n"),
    (b"IAMAT kiwi\n", b"? IAMAT kiwi\n"),
    (b"\n", b"? \n"),
    (b"AT last\n", b"? AT last\n"),
    (b"WHATSAT kiwi 10 5\n", AT + b'\n{\n "status": "OK"\n}\n\n'),
    (b"\tWHATSAT kiwi 10 5\r\n", AT + b'\r\n{\n "status": "OK"\n}\r\n\r\n'),
    (b"WHATSAT nobody 10 5\n", b"? WHATSAT nobody 10 5\n"),
]


@given(st.lists(st.sampled_from(EXCHANGES), min_size=1, max_size=6), st.data())
def test_answers_are_complete_when_the_last_has_ended_and_never_before(
    exchanges: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    answers = Answers(b"".join(line for line, _ in exchanges))
    whole = b"".join(answer for _, answer in exchanges)
    while len(whole) > 1:
        size = data.draw(st.integers(1, len(whole) - 1))
        answers.feed(whole[:size])
        assert not answers.are_complete
        whole = whole[size:]
    answers.feed(whole)
    assert answers.are_complete

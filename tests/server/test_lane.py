"""The fast lane on a pair of real sockets: what it answers itself, and what it gives back."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from herd.core.limits import Limits
from herd.core.native import CORE, Cache, Outbox
from herd.server.lane import converse
from tests.server.parts import ClientSide

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.server.lane import Conversed

NOW_NS = 1_479_413_884_655_887_836
IAMAT = b"IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450\n"
AT = b"AT Alford +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450"

pytestmark = pytest.mark.skipif(CORE == "pure", reason="only the compiled core has a fast lane")


class Pair:
    """A client's socket and a server's, which has a cache."""

    def __init__(self) -> None:
        self.client, self.server = socket.socketpair()
        self.client.settimeout(0)
        self.server.settimeout(0)
        self.cache, self.outbox = Cache(Limits()), Outbox()
        self.outbox.open()

    def converse(self) -> Conversed:
        assert converse is not None
        return converse(self.server.fileno(), self.cache, b"AT Alford ", NOW_NS, 100, (self.outbox,))


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.client.close()
    pair.server.close()


def test_a_row_of_reports_is_answered_and_its_news_told(pair: Pair) -> None:
    pair.client.send(IAMAT + IAMAT.replace(b"\n", b"\r\n"))
    assert pair.converse() == (b"", True, 2)
    assert pair.outbox.take(1000) == [AT]
    assert pair.client.recv(1000) == AT + b"\n" + AT + b"\r\n"
    assert pair.cache.peek(b"kiwi.cs.ucla.edu") == AT


def test_a_report_that_came_before_is_no_news(pair: Pair) -> None:
    for is_news in (True, False):
        pair.client.send(IAMAT)
        assert pair.converse() == (b"", is_news, 1)
    assert pair.outbox.take(1000) == [AT]


@pytest.mark.parametrize("read", [IAMAT[:-1], IAMAT + b"I", IAMAT + b"WHATSAT kiwi 10 5\n", b"\n", b"\xff"])
def test_what_is_anything_else_comes_back_as_it_was_read(pair: Pair, read: bytes) -> None:
    pair.client.send(read)
    assert pair.converse() == read
    assert len(pair.cache) == 0
    with pytest.raises(BlockingIOError):
        pair.client.recv(1)


def test_more_than_is_read_at_once_waits_in_the_kernel(pair: Pair) -> None:
    many = IAMAT * 300
    pair.client.send(many)
    read = pair.converse()
    assert isinstance(read, bytes)
    assert read == many[:16_384]


def test_nothing_to_read_is_none_and_the_end_of_input_is_empty(pair: Pair) -> None:
    assert pair.converse() is None
    pair.client.shutdown(socket.SHUT_WR)
    assert pair.converse() == b""


def test_what_the_kernel_does_not_take_is_given_back(pair: Pair) -> None:
    pair.client.send(IAMAT)
    filled = 0
    while True:
        try:
            filled += pair.server.send(b"x" * 1000)
        except BlockingIOError:
            break
    said = pair.converse()
    assert isinstance(said, tuple)
    unsent, _, count = said
    assert count == 1
    pair.client.settimeout(None)
    sent = b""
    while len(sent) < filled + len(AT) + 1 - len(unsent):
        sent += pair.client.recv(100_000)
    assert sent[filled:] + unsent == AT + b"\n"


def test_a_lost_connection_is_an_error_when_it_is_read(pair: Pair) -> None:
    pair.server.close()
    reading, pair.server = socket.socket(), socket.socket()
    reading.bind(("127.0.0.1", 0))
    reading.listen()
    pair.server.connect(reading.getsockname())
    accepted, _ = reading.accept()
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    accepted.close()
    reading.close()
    with pytest.raises(ConnectionResetError):
        pair.converse()


def test_a_peer_that_is_gone_costs_no_signal(pair: Pair) -> None:
    pair.client.send(IAMAT)
    pair.client.close()
    assert pair.converse() == (AT + b"\n", True, 1)


def client_of(alford: ClientSide, pair: Pair) -> Any:
    """Return the protocol of a new client, whose socket is the pair's."""
    transport: Any = alford.connect()
    transport.socket = pair.server
    return transport._protocol


def test_a_client_that_was_refused_is_not_taken_on_by_the_fast_lane(pair: Pair) -> None:
    alford = ClientSide(connections=1)
    alford.context.log.lines = False
    welcome, refused = client_of(alford, pair), client_of(alford, pair)
    pair.client.send(IAMAT)
    assert refused._converse(pair.server.fileno()) == IAMAT
    assert len(alford.replica.cache) == 0
    pair.client.send(IAMAT)
    assert welcome._converse(pair.server.fileno()) is None
    assert len(alford.replica.cache) == 1


def test_lines_that_are_logged_do_not_take_the_fast_lane(pair: Pair) -> None:
    client = client_of(ClientSide(), pair)
    pair.client.send(IAMAT)
    assert client._converse(pair.server.fileno()) == IAMAT

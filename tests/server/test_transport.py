"""What a transport promises, on Twisted's own and on those that send at once; and what only the latter do."""

from __future__ import annotations

import errno
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectionRefusedError  # noqa: A004 - Twisted's name for it
from twisted.internet.protocol import Factory

from tests.server.grounds import KINDS, MUCH, Ground, HalfCloseableSide, Side, errors_logged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twisted.python.failure import Failure


@pytest.fixture(params=KINDS)
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    ground = Ground(request.param)
    yield ground
    ground.close()


@pytest.fixture(params=KINDS[1:])
def quick(request: pytest.FixtureRequest) -> Iterator[Ground]:
    ground = Ground(request.param)
    yield ground
    ground.close()


def reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


@define
class Stumbling:
    """A socket whose first send fails."""

    socket: socket.socket
    number: int

    def send(self, data: bytes) -> int:
        if self.number:
            number, self.number = self.number, 0
            raise OSError(number, "stumbles")
        return self.socket.send(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.socket, name)


def test_an_answer_arrives(ground: Ground) -> None:
    side, peer = ground.accept()
    side.on_data = lambda data: side.transport.write(data.upper())
    peer.send(b"hello")
    assert ground.read(peer, lambda came: len(came) >= 5) == b"HELLO"
    peer.send(b"again")
    assert ground.read(peer, lambda came: len(came) >= 5) == b"AGAIN"


def test_what_is_written_arrives_in_order_and_whole(ground: Ground) -> None:
    side, peer = ground.accept()
    pieces = [MUCH, b"a", b"", MUCH[:100_000], b"b", MUCH[:200_000], b"c"]
    for piece in pieces:
        side.transport.write(piece)
    side.transport.writeSequence([b"d", b"", b"e"])
    side.transport.writeSequence([])
    whole = b"".join(pieces) + b"de"
    assert ground.read(peer, lambda came: len(came) >= len(whole)) == whole


@pytest.mark.parametrize("wrong", ["text", bytearray(b"x"), None])
def test_only_bytes_can_be_written(ground: Ground, wrong: Any) -> None:
    side, _ = ground.accept()
    with pytest.raises(TypeError, match="Data must be bytes"):
        side.transport.write(wrong)
    with pytest.raises(TypeError, match="Data must be bytes"):
        side.transport.writeSequence([b"x", wrong])


def test_closing_sends_what_is_queued_and_what_is_still_written(ground: Ground) -> None:
    side, peer = ground.accept()
    side.transport.write(MUCH)
    side.transport.loseConnection()
    side.transport.write(b" and that")
    assert ground.rest(peer) == MUCH + b" and that"
    ground.until(lambda: side.story == ["lost: ConnectionDone"])


def test_closing_with_nothing_queued_closes(ground: Ground) -> None:
    side, peer = ground.accept()
    side.transport.write(b"bye")
    side.transport.loseConnection()
    side.transport.write(b"!")
    assert side.story == []
    assert ground.rest(peer) == b"bye!"
    ground.until(lambda: side.story == ["lost: ConnectionDone"])
    side.transport.write(b"into the void")


def test_half_closing_sends_what_is_queued_and_reads_on(ground: Ground) -> None:
    side, peer = ground.accept(HalfCloseableSide())
    side.transport.write(MUCH)
    side.transport.loseWriteConnection()
    assert ground.rest(peer) == MUCH
    ground.until(lambda: side.story == ["no more to write"])
    side.transport.write(b"too late")
    peer.send(b"so what")
    ground.until(lambda: side.received == b"so what")
    peer.shutdown(socket.SHUT_WR)
    ground.until(lambda: len(side.story) == 2)
    assert side.story == ["no more to write", "no more to read"]
    side.transport.loseConnection()
    ground.until(lambda: side.story[-1] == "lost: ConnectionDone")


def test_half_closing_with_nothing_queued_half_closes(ground: Ground) -> None:
    side, peer = ground.accept(HalfCloseableSide())
    side.transport.write(b"bye")
    side.transport.loseWriteConnection()
    side.transport.write(b"!")
    assert ground.rest(peer) == b"bye!"


def test_a_peer_that_half_closes_is_still_answered(ground: Ground) -> None:
    side, peer = ground.accept(HalfCloseableSide())
    peer.send(b"the question")
    peer.shutdown(socket.SHUT_WR)
    ground.until(lambda: side.story == ["no more to read"])
    side.transport.write(b"the answer")
    side.transport.loseConnection()
    assert ground.rest(peer) == b"the answer"


def test_aborting_drops_what_is_queued_and_sends_nothing_more(ground: Ground) -> None:
    side, peer = ground.accept(buffer_bytes=20_000)
    side.transport.write(MUCH)
    ground.turns()
    side.transport.abortConnection()
    side.transport.write(b"too late")
    assert side.story == []
    with pytest.raises(ConnectionResetError):
        ground.rest(peer)
    assert side.story == ["lost: ConnectionAborted"]


def test_nothing_is_sent_after_an_abort_with_nothing_queued(ground: Ground) -> None:
    side, peer = ground.accept()
    side.transport.write(b"x")
    ground.read(peer, lambda came: came == b"x")
    side.transport.abortConnection()
    side.transport.write(b"too late")
    with pytest.raises(BlockingIOError):
        peer.recv(10)
    with pytest.raises(ConnectionResetError):
        ground.rest(peer)


@pytest.mark.parametrize("side_type", [Side, HalfCloseableSide])
@pytest.mark.parametrize("is_reading", [True, False])
@pytest.mark.parametrize("queued", [b"", MUCH])
def test_a_reset_is_told_in_a_later_turn_as_a_lost_connection(
    ground: Ground, side_type: type[Side], queued: bytes, *, is_reading: bool
) -> None:
    side, peer = ground.accept(side_type())
    side.transport.write(queued)
    ground.turns()
    if not is_reading:
        side.transport.pauseProducing()
    reset(peer)
    side.transport.write(b"x")
    side.transport.write(b"y")
    side.transport.writeSequence([b"z"])
    assert side.story == []
    ground.until(lambda: side.story)
    ground.turns()
    assert side.story == ["lost: ConnectionLost"]
    assert side.transport.connected == 0


def test_what_came_before_a_reset_is_read_and_answering_it_is_harmless(ground: Ground) -> None:
    side, peer = ground.accept()
    side.on_data = side.transport.write
    peer.send(b"hello")
    reset(peer)
    ground.until(lambda: side.story)
    assert side.story == ["lost: ConnectionLost"]


@pytest.mark.parametrize(("number", "end"), [(errno.ENOMEM, "lost: ConnectionLost"), (errno.ENOBUFS, "")])
def test_an_error_of_the_system_ends_a_connection_unless_it_passes(
    ground: Ground, number: int, end: str
) -> None:
    side, peer = ground.accept()
    side.transport.socket = Stumbling(side.transport.socket, number)
    side.transport.write(b"hello")
    assert side.story == []
    ground.turns()
    assert side.story == [end] * bool(end)
    if not end:
        assert ground.read(peer, lambda came: len(came) == 5) == b"hello"


def test_an_error_of_the_protocol_is_logged_and_ends_the_connection(
    ground: Ground, flush_logged_errors: Callable[..., list[Failure]]
) -> None:
    side, peer = ground.accept()

    def fail(_: bytes) -> None:
        side.transport.write(b"before the fall")
        raise ZeroDivisionError

    side.on_data = fail
    peer.send(b"hello")
    with errors_logged() as errors:
        ground.until(lambda: side.story)
    assert side.story == ["lost: ZeroDivisionError"]
    assert errors == ["ZeroDivisionError"]
    flush_logged_errors(ZeroDivisionError)


def test_an_error_while_a_lost_connection_is_told_is_logged(
    ground: Ground, flush_logged_errors: Callable[..., list[Failure]]
) -> None:
    side, peer = ground.accept()
    side.on_lost = [].pop
    peer.close()
    with errors_logged() as errors:
        ground.until(lambda: side.story)
        ground.turns()
    assert errors == ["IndexError"]
    flush_logged_errors(IndexError)
    assert side.transport not in ground.reactor.getReaders()


def test_a_side_that_does_not_want_input_gets_none(ground: Ground) -> None:
    side, peer = ground.accept()
    side.transport.pauseProducing()
    peer.send(b"hello")
    ground.turns()
    assert side.received == b""
    side.transport.resumeProducing()
    ground.until(lambda: side.received == b"hello")


def test_one_that_was_dialed_talks_with_one_that_was_accepted(ground: Ground) -> None:
    dialer, acceptor = Side(), Side()
    ground.pair(dialer, acceptor)
    acceptor.on_data = acceptor.transport.write
    dialer.transport.write(MUCH)
    ground.until(lambda: dialer.received == MUCH)
    assert dialer.transport.getHost().port == acceptor.transport.getPeer().port
    dialer.transport.loseConnection()
    ground.until(lambda: dialer.story and acceptor.story)
    assert dialer.story == acceptor.story == ["lost: ConnectionDone"]


def test_a_dial_that_nobody_answers_fails(ground: Ground) -> None:
    reasons: list[Failure] = []
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        endpoint = TCP4ClientEndpoint(ground.tcp, *bound.getsockname())
        endpoint.connect(Factory.forProtocol(Side)).addErrback(reasons.append)
        ground.until(lambda: reasons)
    assert reasons[0].check(ConnectionRefusedError)


def test_a_quick_write_has_been_sent_when_it_returns(quick: Ground) -> None:
    side, peer = quick.accept()
    side.transport.write(b"a")
    assert peer.recv(10) == b"a"
    side.transport.writeSequence([b"b", b"c"])
    assert peer.recv(10) == b"bc"
    assert quick.reactor.getWriters() == []


def test_of_a_quick_write_all_that_the_kernel_takes_has_been_sent(quick: Ground) -> None:
    side, peer = quick.accept()
    side.transport.write(MUCH)
    came = len(peer.recv(1000))  # it is more than Twisted sends at once, and more than the kernel takes
    with suppress(BlockingIOError):
        while chunk := peer.recv(1 << 20):
            came += len(chunk)
    assert came > side.transport.SEND_LIMIT
    side.transport.loseConnection()
    assert came + len(quick.rest(peer)) == len(MUCH)


def test_a_quick_write_comes_after_all_that_is_queued(quick: Ground) -> None:
    side, peer = quick.accept(buffer_bytes=20_000)
    side.transport.write(MUCH)

    def is_in_the_buffer() -> bool:
        with suppress(BlockingIOError):
            peer.recv(1 << 20)  # the reactor sends as soon as there is room, and keeps what is left
        return len(side.transport.dataBuffer) > 0

    quick.until(is_in_the_buffer)
    assert side.transport._tempDataLen == 0
    side.transport.write(b"after it")
    with suppress(BlockingIOError):
        while peer.recv(1 << 20):
            pass  # so that the kernel has room again
    side.transport.write(b" and that")
    side.transport.loseConnection()
    assert quick.rest(peer).endswith(MUCH[-100:] + b"after it and that")

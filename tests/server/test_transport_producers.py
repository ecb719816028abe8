"""Producers on a transport: paused while the peer does not read, asked for more when all has been sent."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field
from twisted.internet.interfaces import IPullProducer, IPushProducer
from zope.interface import implementer

from tests.server.grounds import KINDS, MUCH, Ground

if TYPE_CHECKING:
    from collections.abc import Iterator


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


@implementer(IPushProducer)
@define(eq=False)
class Hose:
    """Writes until it is told to pause, so many chunks in all."""

    transport: Any
    chunks: int
    calls: list[str] = field(factory=list)
    is_paused: bool = False

    def pour(self) -> None:
        while self.chunks and not self.is_paused:
            self.chunks -= 1
            self.transport.write(b"%08d" % self.chunks * 1000)

    def pauseProducing(self) -> None:
        self.calls.append("pause")
        self.is_paused = True

    def resumeProducing(self) -> None:
        self.calls.append("resume")
        self.is_paused = False
        self.pour()

    def stopProducing(self) -> None:
        self.calls.append("stop")
        self.transport.write(b"too late")


@implementer(IPullProducer)
@define(eq=False)
class Bucket:
    """Writes one piece each time it is asked, then ends the connection."""

    transport: Any
    pieces: list[bytes]

    def resumeProducing(self) -> None:
        self.transport.write(self.pieces.pop(0))
        if not self.pieces:
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def stopProducing(self) -> None:
        self.pieces.clear()


def test_a_producer_is_paused_while_the_peer_does_not_read(ground: Ground) -> None:
    side, peer = ground.accept(buffer_bytes=200_000)
    hose = Hose(side.transport, chunks=800)
    side.transport.registerProducer(hose, streaming=True)
    hose.pour()
    ground.turns(50)  # Twisted's own pauses and resumes it often, until the kernel takes no more
    assert hose.is_paused
    assert hose.chunks > 0
    came = ground.read(peer, lambda came: len(came) == 800 * 8000)
    assert came == b"".join(b"%08d" % number * 1000 for number in reversed(range(800)))
    ground.turns()
    assert hose.calls == ["pause", "resume"] * (len(hose.calls) // 2)
    assert len(hose.calls) >= 2


def test_a_producer_that_takes_over_from_a_paused_one_is_resumed(ground: Ground) -> None:
    side, peer = ground.accept()
    first, second = Hose(side.transport, 0), Hose(side.transport, 0)
    side.transport.registerProducer(first, streaming=True)
    side.transport.write(MUCH)
    assert first.calls == ["pause"]
    side.transport.unregisterProducer()
    ground.read(peer, lambda came: len(came) == len(MUCH))
    side.transport.registerProducer(second, streaming=True)
    side.transport.write(b"x")
    ground.turns()
    assert second.calls == ["resume"]


def test_a_producer_that_is_asked_writes_when_all_has_been_sent(ground: Ground) -> None:
    side, peer = ground.accept()
    pieces = [b"one ", MUCH, b" two ", b"three"]
    side.transport.registerProducer(Bucket(side.transport, list(pieces)), streaming=False)
    assert ground.rest(peer) == b"".join(pieces)
    ground.until(lambda: side.story == ["lost: ConnectionDone"])


def test_what_is_written_when_the_connection_is_lost_goes_nowhere(ground: Ground) -> None:
    side, peer = ground.accept()
    hose = Hose(side.transport, 0)
    side.transport.registerProducer(hose, streaming=True)
    side.on_lost = lambda: side.transport.write(b"too late")
    peer.shutdown(socket.SHUT_WR)
    ground.until(lambda: side.story == ["lost: ConnectionDone"])
    assert hose.calls == ["stop"]
    assert ground.rest(peer) == b""


def test_a_producer_is_not_paused_by_what_the_kernel_takes(quick: Ground) -> None:
    side, peer = quick.accept()
    hose = Hose(side.transport, chunks=20)
    side.transport.bufferSize = 5_000
    side.transport.registerProducer(hose, streaming=True)
    hose.pour()
    assert len(quick.read(peer, lambda came: len(came) == 160_000)) == 160_000
    assert hose.calls == []

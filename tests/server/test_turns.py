"""Turns of an epoll reactor made the cheaper way, and what is done at their end."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.task import Clock
from twisted.python import context
from twisted.python.log import ILogContext

from herd.server import turns
from herd.server.turns import is_epoll, turn_ends
from tests.server.grounds import KINDS, Ground, HalfCloseableSide, errors_logged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twisted.python.failure import Failure


@pytest.fixture
def ground() -> Iterator[Ground]:
    ground = Ground(KINDS[2])
    yield ground
    ground.close()


def readable(ground: Ground, sides: int, story: list[str]) -> list[Any]:
    """Return the peers of sides that tell a story of what they read, all of which have something to read."""
    peers = []
    for number in range(sides):
        side, peer = ground.accept()
        side.on_data = lambda data, number=number: story.append(f"{number} reads {data.decode()}")
        peers.append(peer)
    for peer in peers:
        peer.send(b"x")
    return peers


def test_only_twisteds_own_epoll_reactor_is_one() -> None:
    class Other(EPollReactor):
        pass

    assert is_epoll(EPollReactor.__new__(EPollReactor))
    assert not is_epoll(Other.__new__(Other))
    assert not is_epoll(Clock())


def test_on_other_reactors_the_end_of_a_turn_is_a_delayed_call() -> None:
    clock = Clock()
    story: list[str] = []
    turn_ends(clock)(partial(story.append, "end"))
    assert story == []
    clock.advance(0)
    assert story == ["end"]


def test_a_reactor_that_knows_the_end_of_its_turns_is_asked() -> None:
    class Other(Clock):
        def at_turn_end(self, function: Callable[[], object]) -> None:
            asked.append(function)

    asked: list[Callable[[], object]] = []
    turn_ends(Other())(list)
    assert asked == [list]


def test_what_is_asked_for_comes_once_and_after_all_that_the_turn_reads(ground: Ground) -> None:
    story: list[str] = []
    peers = readable(ground, 3, story)
    ground.at_turn_end(partial(story.append, "end"))
    ground.turn(1)
    assert sorted(story[:3]) == ["0 reads x", "1 reads x", "2 reads x"]
    assert story[3:] == ["end"]
    peers[1].send(b"y")
    ground.turn(1)
    assert story[4:] == ["1 reads y"]


def test_what_a_reader_asks_for_comes_in_the_same_turn(ground: Ground) -> None:
    story: list[str] = []
    side, peer = ground.accept()
    side.on_data = lambda _: ground.at_turn_end(partial(story.append, "end"))
    peer.send(b"x")
    ground.turn(1)
    assert story == ["end"]


def test_what_the_end_of_a_turn_asks_for_comes_at_the_end_of_the_next_which_does_not_wait(
    ground: Ground,
) -> None:
    story: list[str] = []

    def first() -> None:
        story.append("first")
        ground.at_turn_end(partial(story.append, "second"))

    ground.at_turn_end(first)
    started_s = time.monotonic()
    ground.turn(10)
    assert story == ["first"]
    ground.turn(10)
    assert story == ["first", "second"]
    assert time.monotonic() - started_s < 5


def test_an_error_at_the_end_of_a_turn_is_logged_and_keeps_nobody_from_coming(
    ground: Ground, flush_logged_errors: Callable[..., list[Failure]]
) -> None:
    story: list[str] = []
    ground.at_turn_end([].pop)
    ground.at_turn_end(partial(story.append, "end"))
    ground.turn()
    assert story == ["end"]
    assert len(flush_logged_errors(IndexError)) == 1


def test_asking_twice_is_the_same_as_asking_once(ground: Ground) -> None:
    story: list[str] = []
    again = turn_ends(ground.reactor)
    assert again == ground.at_turn_end
    again(partial(story.append, "end"))
    ground.turn()
    assert story == ["end"]


def test_timers_and_other_threads_are_seen_to(ground: Ground) -> None:
    story: list[str] = []
    ground.reactor.callLater(0.001, story.append, "timer")
    ground.until(lambda: story == ["timer"])
    ground.reactor.callFromThread(story.append, "thread")
    ground.turn(10)
    ground.turn()
    assert story == ["timer", "thread"]


def test_a_turn_with_nothing_to_wait_for_waits_as_long_as_it_is_told(ground: Ground) -> None:
    started_s = time.monotonic()
    ground.reactor.doIteration(0.02)
    assert 0.02 <= time.monotonic() - started_s < 5
    ground.reactor.wakeUp()
    ground.reactor.doIteration(None)


def test_connections_that_are_not_ours_are_handled_as_ever(ground: Ground) -> None:
    ground.tcp = ground.reactor
    side, peer = ground.accept(HalfCloseableSide())
    systems: list[str] = []
    side.on_data = lambda _: systems.append(context.get(ILogContext)["system"])
    peer.send(b"hello")
    ground.until(lambda: side.received == b"hello")
    assert systems == [side.transport.logPrefix()]
    peer.close()
    ground.until(lambda: side.story == ["no more to read"])


def test_one_that_another_has_ended_in_the_same_turn_reads_nothing(ground: Ground) -> None:
    sides = [ground.accept() for _ in range(2)]
    for number in range(2):
        other = sides[1 - number][0]
        sides[number][0].on_data = lambda _, other=other: other.transport.abortConnection()
    for _, peer in sides:
        peer.send(b"x")
    with errors_logged() as errors:
        ground.turn(1)
    assert errors == []
    assert sorted(side.received for side, _ in sides) == [b"", b"x"]


def test_a_protocol_that_raises_an_error_twice_is_lost_once(
    ground: Ground, flush_logged_errors: Callable[..., list[Failure]]
) -> None:
    side, peer = ground.accept()
    side.on_data = side.on_lost = [].pop
    peer.send(b"x")
    with errors_logged() as errors:
        ground.until(lambda: side.story)
        ground.turns()
    assert side.story == ["lost: TypeError"]
    assert errors == ["TypeError", "IndexError"]
    flush_logged_errors(TypeError, IndexError)


def test_a_turn_takes_so_many_events_and_the_next_one_the_others(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_EVENTS", 2)
    story: list[str] = []
    peers = readable(ground, 5, story)
    for turn in range(1, 4):
        for peer in peers:
            peer.send(b"x")
        ground.turn(1)
        assert len(story) == 2 * turn
    assert {line[0] for line in story} == set("01234")

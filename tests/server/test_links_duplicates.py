"""One link for each pair of neighbors, whoever dialed, whatever came first, and whoever was restarted."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_twisted import ensureDeferred

from herd.testing import MemoryNetwork, TurningClock
from tests.server.linkparts import Alford, LinkSide, hello, lines, record

if TYPE_CHECKING:
    from tests.server.conftest import RunningHerd


class Pair:
    """Alford and Ball, neighbors on a network whose order a seed decides."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self.clock = TurningClock()
        self.network = MemoryNetwork(self.clock, self.source)
        self.alford = LinkSide("Alford", "Ball", self.network, self.clock, seed=seed)
        self.ball = LinkSide("Ball", "Alford", self.network, self.clock, seed=seed)

    def dial(self, side: LinkSide) -> None:
        (neighbor,) = side.neighbors.names
        side.neighbors[neighbor]._dial()

    def steps(self) -> None:
        for _ in range(self.source.randrange(12)):
            self.clock.advance(0)
            self.network.step()

    def assert_one_link(self) -> None:
        """Assert that one connection is up, and that both sides write on it."""
        (up,) = [connection for connection in self.network.connections if connection.is_up]
        links = [self.alford.link("Ball"), self.ball.link("Alford")]
        transports: list[Any] = [link.transport for link in links if link is not None]
        assert transports in ([up.dialer, up.acceptor], [up.acceptor, up.dialer])
        assert len(self.alford.neighbors.connections) == len(self.ball.neighbors.connections) == 1
        assert self.alford.status("Ball").state == self.ball.status("Alford").state == "up"


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_of_two_that_dial_each_other_at_once_one_link_remains_and_all_records_come_over(
    seed: int,
) -> None:
    pair = Pair(seed)
    for side in pair.source.sample([pair.alford, pair.ball], 2):
        side.report(b"of-" + side.name.encode(), b"1")
        side.report(b"both", b"1.%d" % pair.source.randrange(3))
        pair.dial(side)
        pair.steps()
    pair.network.settle()
    pair.assert_one_link()
    assert pair.alford.records == pair.ball.records
    assert pair.alford.records.keys() == {b"of-Alford", b"of-Ball", b"both"}


@given(st.integers(0, 2**32))
def test_of_two_that_were_dialed_the_one_that_the_lesser_name_dialed_remains(seed: int) -> None:
    pair = Pair(seed)
    pair.dial(pair.ball)
    pair.steps()
    if pair.alford.link("Ball") is None:
        pair.dial(pair.alford)
        pair.network.settle()
        link = pair.alford.link("Ball")
        assert link is not None
        assert link.handshake.role == "dialer"
    pair.network.settle()
    pair.assert_one_link()


@settings(max_examples=50)
@given(st.integers(0, 2**32))
def test_records_that_come_while_two_links_settle_are_not_lost(seed: int) -> None:
    pair = Pair(seed)
    pair.dial(pair.ball)
    pair.dial(pair.alford)
    for number in range(20):
        side = pair.source.choice([pair.alford, pair.ball])
        side.report(b"bird%d" % pair.source.randrange(8), b"%d" % number)
        pair.steps()
    pair.network.settle()
    pair.assert_one_link()
    assert pair.alford.records == pair.ball.records


@settings(max_examples=50)
@given(st.integers(0, 2**32))
def test_a_neighbor_that_was_restarted_takes_the_place_of_its_former_self(seed: int) -> None:
    pair = Pair(seed)
    pair.dial(pair.source.choice([pair.alford, pair.ball]))
    pair.network.settle()
    pair.assert_one_link()
    (old,) = [connection for connection in pair.network.connections if connection.is_up]
    pair.network.connections.remove(old)
    pair.alford.report(b"kiwi", b"1")
    pair.ball = LinkSide("Ball", "Alford", pair.network, pair.clock, seed="restarted")
    pair.dial(pair.ball)
    pair.network.settle()
    (new,) = [connection for connection in pair.network.connections if connection.is_up]
    assert pair.alford.link("Ball") is not None
    assert pair.alford.link("Ball").transport is new.acceptor
    assert pair.ball.records == pair.alford.records
    assert pair.alford.status("Ball").state == pair.ball.status("Alford").state == "up"
    assert len(pair.alford.neighbors.connections) == 1


def test_a_restarted_neighbor_replaces_even_a_link_that_would_have_precedence() -> None:
    alford = Alford()
    alford.network.listen("Ball", Alford("Alford").side.acceptor)
    alford.side.neighbors.start()
    alford.turn()
    (dialed,) = alford.network.connections
    dialed.dialer.receive(hello())
    assert alford.side.link("Ball") is not None
    duplicate = alford.accept(hello(instance="first"))
    alford.turn()
    assert not duplicate.is_connected
    assert dialed.dialer.is_connected
    restarted = alford.link(instance="second")
    assert restarted.is_connected
    assert not dialed.dialer.is_connected
    assert alford.side.link("Ball").transport is restarted


def test_of_two_with_the_same_dialer_the_later_one_is_the_link() -> None:
    alford = Alford()
    first, second = alford.link(), alford.link()
    alford.turn()
    assert not first.is_connected
    assert second.is_connected
    line = alford.side.report(b"kiwi")
    alford.turn()
    assert lines(second.take(), b"AT") == [line]


def test_a_link_that_was_replaced_is_closed_though_its_end_reads_nothing() -> None:
    alford = Alford()
    old = alford.link(instance="first")
    old.stall()
    alford.side.report(b"kiwi")
    alford.turn()
    alford.link(instance="second")
    alford.pass_s(1.9)
    assert old.is_connected
    alford.pass_s(0.1)
    assert not old.is_connected
    assert len(alford.side.neighbors.connections) == 1
    assert alford.side.status("Ball").state == "up"


def test_a_link_that_was_not_taken_counts_for_nothing() -> None:
    alford = Alford()
    alford.network.listen("Ball", Alford("Alford").side.acceptor)
    alford.side.neighbors.start()
    alford.turn()
    (dialed,) = alford.network.connections
    dialed.dialer.receive(hello())
    alford.turn()
    dialed.dialer.take()
    duplicate = alford.accept(hello() + record(b"kiwi") + b"\nPING 1\n")
    duplicate.receive(record(b"moa") + b"\n")
    alford.turn()
    assert alford.side.status("Ball").received == 0
    assert lines(dialed.dialer.take(), b"PONG") == []
    assert "link to Ball is down" not in alford.side.log_text


def test_what_is_written_after_the_change_goes_out_on_the_new_link_alone() -> None:
    alford = Alford()
    old = alford.link()
    new = alford.link(instance="second")
    line = alford.side.report(b"kiwi")
    alford.turn()
    assert lines(new.take(), b"AT") == [line]
    assert lines(old.take(), b"AT") == []


@ensureDeferred
async def test_on_real_sockets_two_that_dial_at_once_are_left_with_one_link(
    running_herd: RunningHerd,
) -> None:
    herd = await running_herd("Alford-Ball")
    for round_ in range(10):
        for server in (herd["Alford"], herd["Ball"]):
            for link in server.node.neighbors.connections.all():
                link.abort()
        await herd.until(lambda: not any(len(server.node.neighbors.connections) for server in herd.alive))
        herd["Alford"].node.neighbors["Ball"]._dial()
        herd["Ball"].node.neighbors["Alford"]._dial()
        await herd["Alford"].say(b"IAMAT kiwi +1-1 %d\n" % round_)
        await herd.agree()
        await herd.until(lambda: [len(server.node.neighbors.connections) for server in herd.alive] == [1, 1])
        await herd.agree()

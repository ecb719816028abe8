"""When a neighbor is dialed: at once or after a head start, then after ever longer waits."""

from __future__ import annotations

import random
from typing import Any

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.error import TimeoutError as NobodyAnswered
from twisted.internet.interfaces import IProtocol, IStreamClientEndpoint
from zope.interface import implementer

from herd.testing import TurningClock
from tests.server.linkparts import Alford, LinkSide, hello


class Ceiling(random.Random):
    """A random source that draws the upper end of every range; its `share` may be set."""

    share = 1.0

    def random(self) -> float:
        return self.share


@implementer(IStreamClientEndpoint)
@define
class Dead:
    """An endpoint at which nobody listens, and the moments at which it was dialed."""

    clock: TurningClock
    dialed_s: list[float] = field(factory=list)

    def connect(self, protocolFactory: Any) -> Deferred[IProtocol]:  # noqa: ARG002, N803 - the interface's
        self.dialed_s.append(round(self.clock.seconds(), 6))
        return fail(Refused())


@implementer(IStreamClientEndpoint)
@define
class Slow:
    """An endpoint that is still connecting."""

    connecting: list[Deferred[IProtocol]] = field(factory=list)

    def connect(self, protocolFactory: Any) -> Deferred[IProtocol]:  # noqa: ARG002, N803 - the interface's
        self.connecting.append(Deferred())
        return self.connecting[-1]


@implementer(IStreamClientEndpoint)
@define
class Silent:
    """An endpoint from which no answer comes: each dial is given up after five seconds."""

    clock: TurningClock
    dialed_s: list[float] = field(factory=list)

    def connect(self, protocolFactory: Any) -> Deferred[IProtocol]:  # noqa: ARG002, N803 - the interface's
        self.dialed_s.append(round(self.clock.seconds(), 6))
        dialing: Deferred[IProtocol] = Deferred()
        self.clock.callLater(5, dialing.errback, NobodyAnswered())
        return dialing


def dialer(name: str = "Alford", share: float = 1.0) -> tuple[LinkSide, Dead, TurningClock]:
    """Return a server with one dead neighbor."""
    clock = TurningClock()
    other = "Ball" if name == "Alford" else "Alford"
    dead = Dead(clock)
    source = Ceiling()
    source.share = share
    network = Alford().network
    side = LinkSide(name, other, network, clock, source=source, endpoints={other: dead})
    side.neighbors.start()
    return side, dead, clock


def run(clock: TurningClock, until_s: float) -> None:
    """Let time pass from one call to the next."""
    while clock.calls and (next_s := min(call.getTime() for call in clock.calls)) <= until_s:
        clock.advance(next_s - clock.seconds())


def test_dials_come_after_waits_that_double_up_to_the_longest() -> None:
    side, dead, clock = dialer()
    run(clock, 46)
    assert dead.dialed_s == pytest.approx([0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3, 12.7, 22.7, 32.7, 42.7])
    status = side.status("Ball")
    assert (status.state, status.error) == ("down", "Connection was refused by other side.")


def test_jitter_takes_up_to_a_half_of_each_wait() -> None:
    _, dead, clock = dialer(share=0.0)
    run(clock, 7)
    assert dead.dialed_s == pytest.approx([0, 0.05, 0.15, 0.35, 0.75, 1.55, 3.15, 6.35])


@pytest.mark.parametrize(("share", "dialed_s"), [(1.0, [0, 10, 20, 30]), (0.0, [0, 7.5, 15, 22.5])])
def test_after_a_dial_that_nobody_answered_the_next_comes_after_as_long_again(
    share: float, dialed_s: list[float]
) -> None:
    clock = TurningClock()
    silent = Silent(clock)
    source = Ceiling()
    source.share = share
    side = LinkSide("Alford", "Ball", Alford().network, clock, source=source, endpoints={"Ball": silent})
    side.neighbors.start()
    run(clock, 30)
    assert silent.dialed_s == pytest.approx(dialed_s + [30] * (share == 0.0))
    assert side.status("Ball").error == "User timeout caused connection failure."


def test_the_server_with_the_greater_name_gives_the_other_a_head_start() -> None:
    _, dead, clock = dialer("Ball")
    run(clock, 0.2)
    assert dead.dialed_s == [0.1]


def test_one_seed_decides_all_waits() -> None:
    def moments(seed: int) -> list[float]:
        clock = TurningClock()
        dead = Dead(clock)
        side = LinkSide(
            "Ball", "Alford", Alford().network, clock, source=random.Random(seed), endpoints={"Alford": dead}
        )
        side.neighbors.start()
        run(clock, 20)
        return dead.dialed_s

    assert moments(1) == moments(1)
    assert moments(1) != moments(2)


def test_who_has_a_link_does_not_dial() -> None:
    alford = Alford()
    alford.link()
    alford.side.neighbors.start()
    alford.turn()
    assert alford.network.connections == []


def test_while_a_dial_is_under_way_there_is_no_other() -> None:
    slow = Slow()
    alford = Alford(endpoints={"Ball": slow})
    alford.side.neighbors.start()
    alford.pass_s(0)
    assert alford.side.status("Ball").state == "connecting"
    alford.accept(b"stranger\n")
    for _ in range(20):
        alford.pass_s(1)
    assert len(slow.connecting) == 1


def test_a_link_that_comes_while_dialing_is_the_link() -> None:
    slow = Slow()
    alford = Alford(endpoints={"Ball": slow})
    alford.side.neighbors.start()
    alford.turn()
    alford.link()
    slow.connecting[0].errback(Refused())
    alford.pass_s(1)
    status = alford.side.status("Ball")
    assert (status.state, status.for_s, status.error) == ("up", 1.0, None)
    assert len(slow.connecting) == 1


def waits_after(alford: Alford, dead: Dead, lasts_s: float) -> float:
    """Let Ball link, stay so long, speaking, and be lost; return how long Alford then waits to dial."""
    transport = alford.link(instance=f"{len(dead.dialed_s)}after{lasts_s}")
    while lasts_s > 0:
        transport.receive(b"PING 0\n")
        alford.pass_s(min(0.5, lasts_s))
        lasts_s -= 0.5
    transport.lose()
    lost_s, count = alford.clock.seconds(), len(dead.dialed_s)
    while len(dead.dialed_s) == count:
        alford.pass_s(0.05)
    return round(dead.dialed_s[count] - lost_s, 6)


def test_a_link_that_was_good_for_something_makes_the_waits_short_again() -> None:
    dead = Dead(TurningClock())
    alford = Alford(endpoints={"Ball": dead}, source=Ceiling())
    dead.clock = alford.clock
    assert waits_after(alford, dead, 2.5) == pytest.approx(0.1, abs=0.06)
    assert waits_after(alford, dead, 2.5) == pytest.approx(0.1, abs=0.06)


def test_a_link_that_fails_as_soon_as_it_has_spoken_makes_them_longer_and_longer() -> None:
    dead = Dead(TurningClock())
    alford = Alford(endpoints={"Ball": dead}, source=Ceiling())
    dead.clock = alford.clock
    waits_s = [waits_after(alford, dead, 0.5) for _ in range(4)]
    assert waits_s == sorted(waits_s)
    assert waits_s[-1] > 5 * waits_s[0]


def test_a_link_that_is_closed_as_soon_as_it_is_up_is_not_dialed_faster_and_faster() -> None:
    dead = Dead(TurningClock())
    alford = Alford(endpoints={"Ball": dead}, source=Ceiling())
    dead.clock = alford.clock
    waits_s: list[float] = []
    for instance in "abcde":
        transport = alford.accept(hello(instance=instance))
        transport.lose()
        lost_s = alford.clock.seconds()
        alford.pass_s(0.05)
        while len(dead.dialed_s) <= len(waits_s):
            alford.pass_s(0.05)
        waits_s.append(dead.dialed_s[-1] - lost_s)
    assert waits_s == sorted(waits_s)
    assert waits_s[-1] > 5 * waits_s[0]


def test_a_stopped_server_dials_no_more() -> None:
    side, dead, clock = dialer()
    run(clock, 1)
    side.neighbors.stop()
    run(clock, 60)
    assert dead.dialed_s == pytest.approx([0, 0.1, 0.3, 0.7])
    assert clock.getDelayedCalls() == []


def test_a_dial_that_is_under_way_is_broken_off_by_stopping() -> None:
    slow = Slow()
    alford = Alford(endpoints={"Ball": slow})
    alford.side.neighbors.start()
    alford.turn()
    alford.side.neighbors.stop()
    alford.turn()
    assert slow.connecting[0].called
    assert not alford.clock.getDelayedCalls()


def test_a_link_that_did_not_last_leaves_the_waits_long_whatever_went_over_it() -> None:
    dead = Dead(TurningClock())
    alford = Alford(endpoints={"Ball": dead}, source=Ceiling())
    dead.clock = alford.clock
    waits_s = []
    for number in range(4):
        transport = alford.link(instance=f"{number}")
        for client in (b"kiwi", b"moa", b"weka"):  # the second one has it look after the link early
            alford.side.report(client + b"%d" % number)
            transport.receive(b"PING 0\n")
            alford.pass_s(0.15)
        transport.lose()
        lost_s, count = alford.clock.seconds(), len(dead.dialed_s)
        while len(dead.dialed_s) == count:
            alford.pass_s(0.05)
        waits_s.append(dead.dialed_s[count] - lost_s)
    assert waits_s == pytest.approx([0.1, 0.4, 1.6, 6.4], abs=0.06)

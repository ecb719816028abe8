"""What is written on a link: one write a turn, to whom it is owed, and no more than the neighbor reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.server.linkparts import Alford, LinkSide, lines, record
from tests.server.parts import ClientSide

if TYPE_CHECKING:
    from herd.testing import MemoryTransport


def records_in(transport: MemoryTransport) -> list[bytes]:
    """Take what was written; return its records."""
    return lines(transport.take(), b"AT")


def test_whatever_a_turn_brings_each_neighbor_gets_one_write() -> None:
    alford = Alford("Ball Welsh")
    links = [alford.link("Ball"), alford.link("Welsh")]
    before = [len(link.writes) for link in links]
    expected = [alford.side.report(b"bird%d" % number) for number in range(100)]
    assert [len(link.writes) for link in links] == before
    alford.turn()
    assert [len(link.writes) for link in links] == [count + 1 for count in before]
    assert [records_in(link) for link in links] == [expected, expected]


def test_a_hundred_reports_over_ten_connections_in_one_turn_are_one_write() -> None:
    clients = ClientSide()
    alford = Alford()
    side = LinkSide(
        "Alford", "Ball", alford.network, clients.clock, replica=clients.replica, endpoints={"Ball": object()}
    )
    alford.side, alford.clock = side, clients.clock
    link = alford.link()
    before = len(link.writes)
    for number in range(10):
        transport = clients.connect()
        for each in range(10):
            transport.receive(b"IAMAT bird%d +1-1 1\n" % (10 * number + each))
    assert len(link.writes) == before
    alford.turn()
    assert len(link.writes) == before + 1
    assert [line.split()[3] for line in records_in(link)] == [b"bird%d" % number for number in range(100)]


def test_an_idle_server_forwards_in_the_next_turn() -> None:
    alford = Alford()
    link = alford.link()
    line = alford.side.report(b"kiwi")
    assert not link.has_arrived
    alford.clock.advance(0)
    assert link.take() == line + b"\nPING 1\n"


def test_several_reports_of_one_client_in_a_turn_are_one_record() -> None:
    alford = Alford()
    link = alford.link()
    for second in range(50):
        line = alford.side.report(b"kiwi", b"%d" % second)
    alford.turn()
    assert records_in(link) == [line]


def test_what_a_neighbor_sent_goes_to_the_others_and_not_back() -> None:
    alford = Alford("Ball Welsh")
    ball, welsh = alford.link("Ball"), alford.link("Welsh")
    ball.receive(record(b"kiwi") + b"\n")
    ball.receive(record(b"kiwi") + b"\n")
    alford.turn()
    assert records_in(ball) == []
    assert records_in(welsh) == [record(b"kiwi")]


def test_what_a_neighbor_turns_out_to_have_is_not_sent_to_it() -> None:
    alford = Alford("Ball Welsh")
    ball, welsh = alford.link("Ball"), alford.link("Welsh")
    welsh.receive(record(b"kiwi") + b"\n")
    ball.receive(record(b"kiwi") + b"\n")
    alford.turn()
    assert records_in(ball) == records_in(welsh) == []


def test_a_neighbor_that_does_not_read_is_owed_the_newest_of_each_client_and_gets_it() -> None:
    alford = Alford()
    link = alford.link()
    link.stall()
    before = sum(map(len, link.writes))
    newest = {}
    for second in range(300):
        for bird in range(20):
            client_id = b"bird%d" % bird
            newest[client_id] = alford.side.report(client_id, b"%d" % second)
        alford.turn()
    assert sum(map(len, link.writes)) - before < 65_536 + 20 * 100
    assert alford.side.status("Ball").outbox == 20
    written = alford.side.status("Ball").sent
    link.drain()
    alford.turn()
    assert records_in(link)[-20:] == [newest[b"bird%d" % bird] for bird in range(20)]
    assert alford.side.status("Ball").outbox == 0
    assert alford.side.status("Ball").sent == written + 20


def test_a_neighbor_that_does_not_read_costs_the_others_nothing() -> None:
    alford = Alford("Ball Welsh")
    ball, welsh = alford.link("Ball"), alford.link("Welsh")
    ball.stall()
    for second in range(2000):
        line = alford.side.report(b"kiwi", b"%d" % second)
        alford.turn()
        assert records_in(welsh) == [line]
    assert alford.side.status("Ball").outbox == 1
    assert alford.side.status("Welsh").outbox == 0


def test_heartbeats_do_not_pile_up_for_a_neighbor_that_does_not_read() -> None:
    alford = Alford()
    link = alford.link()
    link.stall()
    for number in range(2000):
        alford.side.report(b"bird%d" % number)
    alford.turn()
    before = len(link.writes)
    for number in range(1000):
        link.receive(b"PING %d\n" % number + record(b"kiwi", b"%d" % number) + b"\n")
    alford.turn()
    assert len(link.writes) == before
    link.drain()
    alford.turn()
    assert lines(link.take(), b"PONG") == [b"PONG 1000"]


def test_much_that_is_owed_leaves_in_pieces_one_a_turn() -> None:
    alford = Alford(link_write_bytes=1024)
    link = alford.link()
    for number in range(200):
        alford.side.report(b"bird%d" % number)
    before = len(link.writes)
    writes = []
    while alford.side.status("Ball").outbox:
        alford.clock.advance(0)
        writes.append(len(link.writes) - before)
    assert writes == list(range(1, len(writes) + 1))
    assert all(len(write) < 1200 for write in link.writes[before:])
    assert len(records_in(link)) == 200


def test_a_new_link_brings_what_its_neighbor_missed() -> None:
    alford = Alford()
    expected = sorted(alford.side.report(b"bird%d" % number) for number in range(50))
    ball = LinkSide("Ball", "Alford", alford.network, alford.clock)
    ball.neighbors["Alford"]._dial()
    alford.network.settle()
    assert sorted(ball.records.values()) == expected
    assert alford.side.status("Ball").outbox == 0

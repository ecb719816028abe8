"""Connections on the link port that have not shown who they are: so many at a time, and no more."""

from __future__ import annotations

from tests.server.linkparts import Alford, hello


def test_one_stranger_too_many_costs_the_oldest_its_place() -> None:
    alford = Alford(handshakes=2)
    first, second, third = (alford.accept() for _ in range(3))
    assert (first.was_aborted, second.was_aborted, third.was_aborted) == (True, False, False)
    assert "refused too many have not shown who they are" in alford.side.log_text


def test_who_has_left_or_shaken_hands_is_no_stranger_any_more() -> None:
    alford = Alford(handshakes=2)
    link, gone, one = alford.accept(hello()), alford.accept(), alford.accept()
    gone.lose()
    other = alford.accept()
    assert [each.was_aborted for each in (link, one, other)] == [False, False, False]
    assert alford.side.status("Ball").state == "up"


def test_strangers_do_not_keep_a_server_from_dialing() -> None:
    alford = Alford(handshakes=1)
    alford.network.listen("Ball", Alford("Alford").side.acceptor)
    alford.side.neighbors.start()
    alford.turn()
    (dialed,) = alford.network.connections
    strangers = [alford.accept() for _ in range(3)]
    assert not dialed.dialer.was_aborted
    assert [each.was_aborted for each in strangers] == [True, True, False]

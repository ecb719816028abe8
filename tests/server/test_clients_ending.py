"""How a client's connection ends: by the client, by a broken network, or because the server stops."""

from __future__ import annotations

from tests.server.parts import AT, IAMAT, ClientSide, places_text

WHATSAT = b"WHATSAT kiwi 10 5\n"


def test_a_stopping_server_answers_what_came_whole_and_closes() -> None:
    alford = ClientSide()
    client = alford.connect(IAMAT + WHATSAT + b"half a li")
    (connection,) = alford.connections.all()
    connection.finish()
    client.receive(b"ne\n")
    alford.turn()
    assert client.take() == AT
    assert client.is_connected
    alford.places.asked[0].answer("A")
    alford.turn()
    assert client.take() == AT + places_text("A") + b"\n\n"
    assert not client.is_connected
    assert not client.was_aborted
    assert not alford.timers


def test_a_stopping_server_closes_an_idle_client_at_once() -> None:
    alford = ClientSide()
    client = alford.connect()
    connection = alford.connections.all()[0]
    connection.finish()
    connection.finish()
    alford.turn()
    assert client.take() == b""
    assert not client.is_connected


def test_a_client_that_had_half_closed_before_the_stop_is_closed_once() -> None:
    alford = ClientSide()
    client = alford.connect(IAMAT + WHATSAT)
    client.receive_end()
    alford.connections.all()[0].finish()
    alford.places.asked[0].answer("A")
    alford.turn()
    assert client.take() == AT + AT + places_text("A") + b"\n\n"
    assert not client.is_connected


def test_places_for_a_client_that_is_gone_go_nowhere() -> None:
    alford = ClientSide()
    client = alford.connect(IAMAT + WHATSAT + b"x\n" + WHATSAT)
    client.take()
    client.lose()
    alford.places.asked[1].answer("A")
    alford.places.asked[0].answer("A")
    alford.turn()
    assert client.take() == b""
    assert len(alford.connections) == 0
    assert not alford.timers


def test_a_log_does_not_claim_that_a_client_who_is_gone_was_answered() -> None:
    alford = ClientSide()
    client = alford.connect(IAMAT + WHATSAT)
    client.lose()
    alford.places.asked[0].answer("A")
    alford.turn()
    log = "".join(alford.logged)
    assert log.count(" sent AT Alford ") == 1
    assert "closed" in log.splitlines()[-1]


def test_connections_are_counted_from_their_first_moment_to_their_last() -> None:
    alford = ClientSide()
    clients = [alford.connect() for _ in range(3)]
    assert len(alford.connections) == 3
    when_empty = alford.connections.when_empty()
    for client in clients:
        assert not when_empty.called
        client.lose()
    assert when_empty.called
    assert len(alford.connections) == 0


def test_who_came_and_went_is_in_the_log_with_what_was_said() -> None:
    alford = ClientSide()
    client = alford.connect(b"x\x1b\n" + IAMAT)
    alford.end(client)
    who = "2016-11-17T20:18:04.655887Z client 192.0.2.1:50514"
    assert "".join(alford.logged) == (
        f"{who} opened\n"
        f"{who} got x\\x1b\n"
        f"{who} sent ? x\\x1b\n"
        f"{who} got IAMAT kiwi +34.068930-118.445127 1479413884.392014450\n"
        f"{who} sent AT Alford +0.263873386 kiwi +34.068930-118.445127 1479413884.392014450\n"
        f"{who} closed Connection was closed cleanly.\n"
    )

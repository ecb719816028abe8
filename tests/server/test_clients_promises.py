"""Answers that promise more than this server's memory: they wait, in order, and are refused if it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from herd.core.promises import Promises
from tests.server.parts import AT, IAMAT, ClientSide, places_text

if TYPE_CHECKING:
    from herd.testing import MemoryTransport

WHATSAT = b"WHATSAT kiwi 10 5\n"


def promising(**limits: int) -> tuple[ClientSide, Promises]:
    """Return a server whose answers wait for somebody to keep its promises."""
    alford, promises = ClientSide(**limits), Promises()
    alford.context.promises = promises
    return alford, promises


def ids(client: MemoryTransport) -> list[bytes]:
    """Take the answers; return the ids in them."""
    return [line.split()[3] for line in client.take().splitlines()]


def iamats(count: int, first: int = 0) -> bytes:
    return b"".join(b"IAMAT %d +1-1 1\n" % number for number in range(first, first + count))


def test_an_answer_waits_until_its_promise_is_kept() -> None:
    alford, promises = promising()
    client = alford.connect(IAMAT)
    assert client.take() == b""
    assert len(alford.replica.cache) == 1
    promises.keep(promises.moment)
    assert client.take() == AT


def test_a_report_whose_promise_is_broken_is_refused_byte_for_byte() -> None:
    alford, promises = promising()
    client = alford.connect(IAMAT[:-1] + b"\r\n" + IAMAT)
    promises.fail(promises.moment)
    assert client.take() == b"? " + IAMAT[:-1] + b"\r\n? " + IAMAT


def test_all_answers_keep_the_order_of_their_commands() -> None:
    alford, promises = promising()
    client = alford.connect(IAMAT + b"x\n" + WHATSAT)
    client.receive(b"y\n" + iamats(1))
    alford.places.asked[0].answer("A")
    assert client.take() == b""
    promises.keep(1)
    assert client.take() == AT + b"? x\n" + AT + places_text("A") + b"\n\n? y\n"
    promises.keep(2)
    assert ids(client) == [b"0"]


def test_waiting_answers_are_bounded_and_none_is_lost() -> None:
    alford, promises = promising(answers_waiting=3)
    client = alford.connect(iamats(10))
    assert not client.is_reading
    answered: list[bytes] = []
    for _ in range(4):
        assert len(alford.replica.cache) == min(10, len(answered) + 3)
        promises.keep(promises.moment)
        alford.turn()
        answered += ids(client)
    assert answered == [b"%d" % number for number in range(10)]
    assert client.is_reading


def test_chunks_that_wait_together_fill_the_bound_to_the_last_answer() -> None:
    alford, promises = promising(answers_waiting=5)
    client = alford.connect(iamats(2))
    client.receive(iamats(2, first=2))
    assert client.is_reading
    client.receive(iamats(3, first=4))
    assert not client.is_reading
    assert len(alford.replica.cache) == 5
    promises.keep(1)
    assert ids(client) == [b"0", b"1"]
    alford.turn()
    assert len(alford.replica.cache) == 7
    promises.fail(2)
    assert client.take() == b"? IAMAT 2 +1-1 1\n? IAMAT 3 +1-1 1\n"
    promises.keep(promises.moment)
    assert ids(client) == [b"4", b"5", b"6"]


def test_a_client_that_half_closed_is_answered_before_it_is_closed() -> None:
    alford, promises = promising()
    client = alford.connect(IAMAT)
    assert alford.end(client) == b""
    assert client.is_connected
    promises.keep(1)
    alford.turn()
    assert client.take() == AT
    assert not client.is_connected


def test_a_promise_to_a_client_that_is_gone_is_kept_for_nobody() -> None:
    alford, promises = promising()
    client, other = alford.connect(IAMAT), alford.connect(IAMAT)
    client.lose()
    promises.keep(promises.moment)
    assert client.take() == b""
    assert other.take() == AT
    assert "".join(alford.logged).count(" sent ") == 0
    alford.turn()
    assert "".join(alford.logged).count(" sent ") == 1

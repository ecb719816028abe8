"""The book of open connections: in order, weak, and with word when the last one has gone."""

from __future__ import annotations

import gc

from herd.server.connections import Connections


class Each:
    """Something that can be referred to weakly."""


def test_connections_come_out_oldest_first() -> None:
    connections: Connections[Each] = Connections()
    kept = [Each() for _ in range(20)]
    numbers = [connections.add(each) for each in kept]
    connections.remove(numbers[3])
    assert connections.all() == kept[:3] + kept[4:]
    assert len(connections) == 19


def test_nothing_is_held_by_being_in_the_book() -> None:
    connections: Connections[Each] = Connections()
    kept, dropped = Each(), Each()
    connections.add(kept)
    connections.add(dropped)
    gc.disable()
    try:
        del dropped
        assert connections.all() == [kept]
        assert len(connections) == 1
    finally:
        gc.enable()


def test_a_removal_that_comes_twice_or_too_late_does_no_harm() -> None:
    connections: Connections[Each] = Connections()
    each = Each()
    number = connections.add(each)
    connections.remove(number)
    connections.remove(number)
    other = connections.add(each)
    assert other != number
    connections.remove(number)
    assert connections.all() == [each]


def test_everyone_who_waits_is_told_when_there_is_none_left() -> None:
    connections: Connections[Each] = Connections()
    assert connections.when_empty().called
    one, other = Each(), Each()
    numbers = [connections.add(one), connections.add(other)]
    waiting = [connections.when_empty(), connections.when_empty()]
    connections.remove(numbers[0])
    assert not any(deferred.called for deferred in waiting)
    connections.remove(numbers[1])
    assert all(deferred.called for deferred in waiting)


def test_who_gave_up_waiting_does_no_harm() -> None:
    connections: Connections[Each] = Connections()
    each = Each()
    number = connections.add(each)
    given_up = connections.when_empty()
    given_up.addErrback(lambda _: None)
    given_up.cancel()
    connections.remove(number)
    assert connections.when_empty().called


def test_a_connection_is_due_at_once_and_then_when_it_is_said_to_be() -> None:
    connections: Connections[Each] = Connections()
    one, other, lost = Each(), Each(), Each()
    numbers = [connections.add(each) for each in (one, other, lost)]
    connections.remove(numbers[2])
    assert connections.take_due(5.0) == [(numbers[0], one), (numbers[1], other)]
    connections.look_again(numbers[0], 60.0)
    connections.look_again(numbers[1], 30.0)
    connections.look_again(numbers[2], 30.0)
    assert connections.take_due(29.0) == []
    assert connections.take_due(30.0) == [(numbers[1], other)]
    connections.look_again(numbers[1], 90.0)
    connections.look_at_all()
    assert connections.take_due(31.0) == [(numbers[0], one), (numbers[1], other)]


def test_what_is_due_is_not_held_either() -> None:
    connections: Connections[Each] = Connections()
    kept, dropped = Each(), Each()
    number = connections.add(kept)
    connections.add(dropped)
    del dropped
    assert connections.take_due(1.0) == [(number, kept)]

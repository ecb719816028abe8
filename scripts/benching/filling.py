"""Fills a server quickly: large chunks over one connection, while the answers are read.

The same clients at the same positions, whatever the server: an id has 25 bytes, a position is a function of
the client's number.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Final

from herd.core.errors import HerdError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

CHUNK_COMMANDS: Final = 500
_ANSWER_BYTES: Final = 1 << 18
_PATIENCE_MS: Final = 60_000
_TIME_S: Final = 1_479_413_884

# Steps that have nothing in common with the range visit it evenly. GEOADD takes latitudes up to 85 degrees.
_LATITUDE_STEP, _LONGITUDE_STEP, _RANGE = 61_803_399, 141_421_357, 100_000_007


def position(number: int) -> tuple[float, float]:
    """Return where a client is: latitude and longitude in degrees."""
    latitude = number * _LATITUDE_STEP % _RANGE / _RANGE
    longitude = number * _LONGITUDE_STEP % _RANGE / _RANGE
    return latitude * 160 - 80, longitude * 340 - 170


def iamat(number: int) -> bytes:
    """Return a client's report."""
    return b"IAMAT client%07d.example.org %+.6f%+.6f %d.%09d\n" % (number, *position(number), _TIME_S, number)


def geoadd(number: int) -> bytes:
    """Return the same for Redis, as an inline command."""
    latitude, longitude = position(number)
    return b"GEOADD positions %.6f %.6f client%07d.example.org\n" % (longitude, latitude, number)


def hset_time(number: int) -> bytes:
    """Return what makes Redis keep the time of a report as well, in a hash."""
    return b"HSET times client%07d.example.org %d.%09d\n" % (number, _TIME_S, number)


def chunks(commands: tuple[Callable[[int], bytes], ...], clients: int) -> Iterator[tuple[int, bytes]]:
    """Give commands of all clients: how many a chunk holds, and the chunk."""
    for first in range(0, clients, CHUNK_COMMANDS):
        numbers = range(first, min(first + CHUNK_COMMANDS, clients))
        made = [command(number) for number in numbers for command in commands]
        yield len(made), b"".join(made)


def fill(connection: socket.socket, given: Iterator[tuple[int, bytes]]) -> int:
    """Send chunks of commands that have an answer of one line each; return the bytes of all answers."""
    connection.settimeout(0)
    poll = select.poll()
    asked = answered = size = 0
    for count, chunk in given:
        asked += count
        rest = memoryview(chunk)
        while rest:
            poll.register(connection, select.POLLIN | select.POLLOUT)
            events = _wait(poll)
            if events & select.POLLIN:
                answer = _read(connection)
                answered, size = answered + answer.count(b"\n"), size + len(answer)
            if events & select.POLLOUT:
                rest = rest[connection.send(rest) :]
    poll.register(connection, select.POLLIN)
    while answered < asked:
        _wait(poll)
        answer = _read(connection)
        answered, size = answered + answer.count(b"\n"), size + len(answer)
    return size


def _wait(poll: select.poll) -> int:
    ready = poll.poll(_PATIENCE_MS)
    if not ready:
        raise HerdError(f"the server has neither read nor answered for {_PATIENCE_MS // 1000} s")
    return ready[0][1]


def _read(connection: socket.socket) -> bytes:
    answer = connection.recv(_ANSWER_BYTES)
    if not answer:
        raise HerdError("the server closed the connection")
    if b"? " in answer or b"-ERR" in answer:
        raise HerdError(f"the server refused: {answer[:200]!r}")
    return answer

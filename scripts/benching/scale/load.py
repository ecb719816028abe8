"""Many connections of one program: some send reports, the next chunk when one is answered; some are idle.

The server's processor time is what counts, so this may be slow: a server that waits costs nothing.
"""

from __future__ import annotations

import resource
import select
import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Self

from attrs import define, field
from benching.filling import iamat
from benching.servers import Running
from benching.usage import cpu_s

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType

DEPTH: Final = 16
"""Reports in a chunk."""
_AT_ONCE: Final = 32
"""Connections that are made before the server is asked whether it has taken them: it listens for 50."""
_PATIENCE_S: Final = 60.0
_SPARE_FILES: Final = 200
_STEP: Final = 7_368_787
"""A prime: clients report in an order that no cache of a processor likes."""


def allow_files(connections: int) -> None:
    """Let this process, and those that it starts, have so many connections, or raise a `HerdError`."""
    wanted = connections + _SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise HerdError(
            f"{connections:,} connections need {wanted:,} open files, and {hard:,} are allowed: "
            f"run `ulimit -n {wanted}` first, or measure fewer with --idle"
        )
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def later_reports(clients: int, first: int, count: int, depth: int = DEPTH) -> list[bytes]:
    """Return reports of clients that a server has been filled with, from number `first`, in chunks.

    A report is newer than any of its client with a smaller number.
    """
    made = []
    for start in range(first, first + count, depth):
        numbers = range(start, min(start + depth, first + count))
        made.append(b"".join(_later(number, clients) for number in numbers))
    return made


def _later(number: int, clients: int) -> bytes:
    fields, _, _ = iamat(number * _STEP % clients).rpartition(b" ")
    return b"%b %d.%09d\n" % (fields, 1_479_413_885 + number // clients, number)


@define
class Connections:
    """Open connections to a server; closed at the end of the `with`."""

    server: Running
    open: list[socket.socket] = field(factory=list)
    _stack: ExitStack = field(factory=ExitStack)

    def __enter__(self) -> Self:
        """Begin with none."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        """Close all."""
        self._stack.close()

    def add(self, count: int) -> list[socket.socket]:
        """Make so many more; return them when the server has taken them."""
        before = len(self.open)
        taken = self.server.status()["connections"]
        for _ in range(count):
            self.open.append(self._stack.enter_context(self.server.connect()))
            if (len(self.open) - before) % _AT_ONCE == 0 or len(self.open) - before == count:
                self._wait(lambda: self.server.status()["connections"] == taken + len(self.open) - before)
        return self.open[before:]

    def _wait(self, is_so: Callable[[], bool]) -> None:
        until_s = time.monotonic() + _PATIENCE_S
        while not is_so():
            if time.monotonic() > until_s:
                raise HerdError(f"the server has not taken all of {len(self.open):,} connections")
            time.sleep(0.001)


def cpu_us_per_update(server: Running, busy: Sequence[socket.socket], chunks: Sequence[bytes]) -> float:
    """Share chunks out to connections; return what an update took of the server's processor."""
    began_s = cpu_s(server.pid)
    exchange(busy, chunks)
    return 1e6 * (cpu_s(server.pid) - began_s) / sum(chunk.count(b"\n") for chunk in chunks)


def exchange(busy: Sequence[socket.socket], chunks: Iterable[bytes]) -> None:
    """Send every chunk on the first connection that waits for nothing; return when all are answered."""
    poll = select.epoll()
    for connection in busy:
        poll.register(connection.fileno(), select.EPOLLIN)
    by_number = {connection.fileno(): connection for connection in busy}
    waiting: dict[int, int] = {}
    coming = iter(chunks)
    for connection in busy:
        _send_next(connection, coming, waiting)
    while waiting:
        ready = poll.poll(_PATIENCE_S)
        if not ready:
            raise HerdError(f"{len(waiting)} connections have had no answer for {_PATIENCE_S:g} s")
        for number, _ in ready:
            answer = by_number[number].recv(1 << 16)
            if not answer or b"? " in answer:
                raise HerdError(f"the server closed a connection, or refused: {answer[:200]!r}")
            waiting[number] -= answer.count(b"\n")
            if waiting[number] == 0:
                del waiting[number]
                _send_next(by_number[number], coming, waiting)
    poll.close()


def _send_next(connection: socket.socket, coming: Iterator[bytes], waiting: dict[int, int]) -> None:
    chunk = next(coming, None)
    if chunk is not None:
        connection.sendall(chunk)
        waiting[connection.fileno()] = chunk.count(b"\n")

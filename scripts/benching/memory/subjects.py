"""Who holds the clients, and what it took to hold them: one server, empty, then full."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from attrs import frozen
from benching.filling import chunks, fill, geoadd, hset_time, iamat
from benching.servers import Running, alone, has_compiled_core, herd_server, redis_server
from benching.usage import settled_resident_bytes

from herd.core.errors import HerdError
from herd.core.limits import Limits

Start = Callable[[int], AbstractContextManager[Running]]


@frozen
class Subject:
    """A server to be filled; `start` takes the number of clients."""

    about: str
    start: Start
    commands: tuple[Callable[[int], bytes], ...] = (iamat,)


@frozen
class Weight:
    """What one server took. Sizes are bytes."""

    empty: int
    grown: int
    answers: int
    """All answers; a herd's are the lines that it holds."""
    seconds: float


def _herd(core: str, *, on_disk: bool = False) -> Start:
    def start(clients: int) -> AbstractContextManager[Running]:
        limits = {"clients_held": max(Limits().clients_held, clients)}
        return herd_server(alone(limits, "disk" if on_disk else "memory"), core)

    return start


def _redis(_clients: int) -> AbstractContextManager[Running]:
    return redis_server()


SUBJECTS: Final = {
    "herd": Subject("herd, the compiled core", _herd("compiled")),
    "herd pure": Subject("herd, the core in Python", _herd("pure")),
    "herd disk": Subject(
        "herd, that keeps a journal (the compiled core, where there is one)",
        _herd("compiled" if has_compiled_core() else "pure", on_disk=True),
    ),
    "redis": Subject("Redis, GEOADD: the position alone", _redis, (geoadd,)),
    "redis+time": Subject("Redis, GEOADD and HSET: the position and the time", _redis, (geoadd, hset_time)),
}
YARDSTICK: Final = "redis"


def available() -> list[str]:
    """Return the subjects that can run here."""
    return [name for name in SUBJECTS if name != "herd" or has_compiled_core()]


def weigh(name: str, clients: int) -> Weight:
    """Fill a fresh server with so many clients."""
    subject = SUBJECTS[name]
    began_s = time.monotonic()
    with subject.start(clients) as server:
        empty = settled_resident_bytes(server.pid)
        with server.connect() as connection:
            answers = fill(connection, chunks(subject.commands, clients))
        if (held := server.status()["records"]) != clients:
            raise HerdError(f"{name} holds {held:,} clients, not {clients:,}")
        grown = settled_resident_bytes(server.pid) - empty
    return Weight(empty, grown, answers, time.monotonic() - began_s)

"""What the core does with messages: each workload prepares a server's state, and gives what is counted.

State and messages are made of numbers, so that every run does the same. A workload of n messages begins with
those of any smaller one, so the difference of two is the cost of the messages between them, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from herd.core.limits import Limits
from herd.core.linkwire import LinkParser
from herd.core.record import NS_PER_S, make_line, origin_prefix
from herd.core.replica import Replica
from herd.core.wire import CommandParser
from herd.testing import ids_of_one_checksum

CHUNK: Final = 64
"""Messages in a chunk: what a busy connection brings at once."""
CLIENTS: Final = 256
"""Clients that report in turn."""
NOW_NS: Final = 1_479_413_885 * NS_PER_S
LIMITS: Final = Limits()
NEIGHBORS: Final = ("Ball", "Hamilton")
LINK_WRITE_BYTES: Final = LIMITS.link_write_bytes

Work = Callable[[], None]


def reports(count: int, size: int, first_time: int = 1_479_413_000) -> list[bytes]:
    """Return IAMATs in chunks: clients in turn, each with growing times."""
    lines = [
        b"IAMAT client%04d.example.org +34.068930-118.445127 %d.392014450\n"
        % (number % CLIENTS, first_time + number // CLIENTS)
        for number in range(count)
    ]
    return [b"".join(lines[at : at + size]) for at in range(0, count, size)]


def records(count: int, first_time: int = 1_479_413_000) -> list[tuple[bytes, bytes]]:
    """Return the records that another server makes of such reports: client id and AT line."""
    prefix = origin_prefix("Ball")
    made = []
    for number in range(count):
        client_id = b"client%04d.example.org" % (number % CLIENTS)
        time = b"%d.392014450" % (first_time + number // CLIENTS)
        made.append((client_id, make_line(prefix, NOW_NS, client_id, b"+34.068930-118.445127", time)))
    return made


def record_chunks(count: int, first_time: int = 1_479_413_000) -> list[bytes]:
    """Return such records in chunks, as a link brings them."""
    lines = [line + b"\n" for _, line in records(count, first_time)]
    return [b"".join(lines[at : at + CHUNK]) for at in range(0, count, CHUNK)]


class Server:
    """A server's core, with two neighbors that are up."""

    def __init__(self) -> None:
        self.parser = CommandParser(LIMITS)
        self.links = LinkParser(LIMITS)
        self.replica = Replica("Alford", NEIGHBORS, LIMITS)
        self._outboxes = list(self.replica.flood.outboxes.values())
        for outbox in self._outboxes:
            outbox.open()

    def take(self, chunk: bytes) -> None:
        """Take what a connection brings, and make its answer."""
        lines = self.parser.frame(chunk)
        taken = self.replica.report_lines(lines, NOW_NS, self.parser.longest_id)
        assert taken is not None, "every line is a plain IAMAT"

    def take_strictly(self, chunk: bytes) -> None:
        """Take what is no row of plain reports, command by command."""
        for command in self.parser.feed(chunk):
            assert isinstance(command, list), "every line is an IAMAT"
            b"".join(self.replica.report(command, NOW_NS))

    def learn(self, chunk: bytes) -> None:
        """Take what a link brings."""
        links, lines = self.links, self.links.frame(chunk)
        count = self.replica.learn_lines(lines, "Ball", NOW_NS, links.longest_id, links.longest_line)
        assert count is not None, "every line is a plain record"

    def flush(self) -> None:
        """Let go of what neighbors are owed."""
        for outbox in self._outboxes:
            outbox.take(1 << 62)


def taking(chunks: list[bytes], server: Server) -> Work:
    """Return what takes chunks from a connection."""

    def work() -> None:
        for chunk in chunks:
            server.take(chunk)

    return work


def news(count: int) -> Work:
    """Take reports newer than what is held, in chunks."""
    server = Server()
    taking(reports(CLIENTS, CHUNK, first_time=1_479_412_000), server)()
    server.flush()
    return taking(reports(count, CHUNK), server)


def news_one_by_one(count: int) -> Work:
    """Take reports newer than what is held, each alone."""
    server = Server()
    taking(reports(CLIENTS, CHUNK, first_time=1_479_412_000), server)()
    server.flush()
    return taking(reports(count, 1), server)


def news_strictly(count: int) -> Work:
    """Take reports newer than what is held, in chunks that are no plain ones."""
    server = Server()
    taking(reports(CLIENTS, CHUNK, first_time=1_479_412_000), server)()
    server.flush()
    chunks = [chunk.replace(b"IAMAT ", b"IAMAT  ") for chunk in reports(count, CHUNK)]

    def work() -> None:
        for chunk in chunks:
            server.take_strictly(chunk)

    return work


def retry(count: int) -> Work:
    """Take the very reports that are held."""
    server = Server()
    chunks = reports(CLIENTS, CHUNK)
    taking(chunks, server)()
    server.flush()
    return taking([chunks[number % len(chunks)] for number in range(count // CHUNK)], server)


def stale(count: int) -> Work:
    """Take reports older than what is held."""
    server = Server()
    taking(reports(CLIENTS, CHUNK, first_time=1_479_999_999), server)()
    server.flush()
    return taking(reports(count, CHUNK), server)


def learned(count: int) -> Work:
    """Take records of a link newer than what is held, in chunks."""
    server = Server()
    for chunk in record_chunks(CLIENTS, first_time=1_479_412_000):
        server.learn(chunk)
    server.flush()
    chunks = record_chunks(count)

    def work() -> None:
        for chunk in chunks:
            server.learn(chunk)

    return work


def forged(count: int) -> Work:
    """Take the first reports of clients whose ids have one checksum: more of them must not cost more each."""
    lines = [
        b"IAMAT %b +34.068930-118.445127 1479413000.392014450\n" % each for each in ids_of_one_checksum(count)
    ]
    return taking([b"".join(lines[at : at + CHUNK]) for at in range(0, count, CHUNK)], Server())


def sent(count: int) -> Work:
    """Put records into an outbox and take them out as one write, a chunk at a time."""
    server = Server()
    outbox = server.replica.flood.outboxes["Ball"]
    made = records(count)
    chunks = [dict(made[at : at + CHUNK]) for at in range(0, count, CHUNK)]

    def work() -> None:
        for chunk in chunks:
            outbox.put(chunk)
            outbox.take_joined(LINK_WRITE_BYTES)

    return work


def asked(count: int) -> Work:
    """Parse WHATSATs, in chunks."""
    parser = CommandParser(LIMITS)
    lines = [b"WHATSAT client%04d.example.org 10 5\n" % (number % CLIENTS) for number in range(count)]
    chunks = [b"".join(lines[at : at + CHUNK]) for at in range(0, count, CHUNK)]

    def work() -> None:
        for chunk in chunks:
            parser.feed(chunk)

    return work


def expired(count: int) -> Work:
    """Drop records because their time is over."""
    cache = Replica("Alford", NEIGHBORS, LIMITS).cache
    prefix = origin_prefix("Alford")
    for number in range(count):
        client_id = b"client%04d.example.org" % number
        line = make_line(prefix, NOW_NS, client_id, b"+34.068930-118.445127", b"1479413000.392014450")
        cache.offer(client_id, line, NOW_NS, NOW_NS)
    later_ns = NOW_NS + 2 * round(LIMITS.record_lifetime_s) * NS_PER_S

    def work() -> None:
        while cache.sweep(later_ns, CHUNK):
            pass
        assert not len(cache), "every record has expired"

    return work


WORKLOADS: Final[dict[str, Callable[[int], Work]]] = {
    "IAMAT, news": news,
    "IAMAT, news, one a chunk": news_one_by_one,
    "IAMAT, news, line by line": news_strictly,
    "IAMAT, retry": retry,
    "IAMAT, stale": stale,
    "IAMAT, new, ids of one checksum": forged,
    "record of a link, news": learned,
    "record into an outbox and out": sent,
    "WHATSAT, parsed": asked,
    "record expires": expired,
}

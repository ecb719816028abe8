"""The hot path of both cores beside the specification: strict parsers, and a replica that answers one by one.

Whatever comes, a chunk that is taken in one go must leave the same answers, news, caches and outboxes as the
long way, and the compiled core must do to the byte what the pure one does.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import pytest
from attrs import define, frozen
from hypothesis import event, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from herd.core import cache as pure_cache
from herd.core import intake as pure
from herd.core import native
from herd.core import outbox as pure_outbox
from herd.core.cache import SHARDS
from herd.core.limits import Limits
from herd.core.linkwire import LinkParser
from herd.core.record import NS_PER_S, client_of, make_line, origin_prefix, received_ns
from herd.core.replica import Replica
from herd.core.wire import CommandParser, TooLong
from tests.core.strategies import NOW_NS, clocks, positions, times

LIFETIME_NS = 60 * NS_PER_S

Core: TypeAlias = Any
"""A module with `Cache`, `Outbox`, `ingest` and `learn`."""

IDS = st.sampled_from([b"a", b"b", b"kiwi.cs.ucla.edu", b"\x00\xff", b"x" * 20])
PLAIN_POSITIONS = st.sampled_from([b"+34.068930-118.445127", b"+90-180", b"+0.1-0", b"-89.9+179.99", b"+7+7"])
NEAR_TIMES = st.sampled_from(
    b"1479413884.392014450 1479413884.3920144505 1479413884.39201445 1479413884 1479413885.000000000 "
    b"01479413884.392014450 1479413884.39201445050000000001 9000000000.999999999 9000000001 0.5 "
    b"99999999999999999999.99999999999999999999".split()
)


class Pure:
    """The reference."""

    Cache = pure_cache.Cache
    Outbox = pure_outbox.Outbox
    ingest = staticmethod(pure.ingest)
    learn = staticmethod(pure.learn)


def compiled() -> Core:
    if native.CORE != "compiled":
        pytest.skip("the compiled core was not built, or HERD_PURE is set")
    return native


def limits(clients_held: int = 1000, lifetime_s: float = 60.0) -> Limits:
    return Limits(clients_held=clients_held, record_lifetime_s=lifetime_s, client_id_bytes=20)


def contents(cache: pure_cache.Cache) -> dict[bytes, bytes]:
    return {id_: line for shard in range(SHARDS) for id_, line in sorted(cache.shard(shard).items())}


def waiting(outbox: pure_outbox.Outbox) -> list[bytes]:
    """Look at what an outbox holds, which leaves it as it was."""
    lines = outbox.take(10**9)
    outbox.put({client_of(line): line for line in lines})
    return lines


def open_outbox(core: Core, lines: list[bytes]) -> Any:
    outbox = core.Outbox()
    outbox.open()
    outbox.put({client_of(line): line for line in lines})
    return outbox


def reports(
    time: st.SearchStrategy[bytes] = NEAR_TIMES, position: st.SearchStrategy[bytes] = PLAIN_POSITIONS
) -> st.SearchStrategy[bytes]:
    """Give IAMAT lines."""
    ending = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n"])
    return st.tuples(IDS, position, time, ending).map(lambda parts: b"IAMAT %b %b %b%b" % parts)


def records(clock: st.SearchStrategy[int]) -> st.SearchStrategy[bytes]:
    """Give AT lines as servers make them."""
    prefix = st.sampled_from(["Alford", "Welsh", "Welsh2"]).map(origin_prefix)
    time = st.one_of(NEAR_TIMES, times())
    return st.builds(make_line, prefix, clock, IDS, PLAIN_POSITIONS, time).map(lambda line: line + b"\n")


def near(now_ns: int = NOW_NS) -> st.SearchStrategy[int]:
    """Give moments about `now_ns`: at it, seconds from it, or a nanosecond beside the end of a lifetime."""
    steps = [0, 1, -1, NS_PER_S, -NS_PER_S, 60 * NS_PER_S, -60 * NS_PER_S, -60 * NS_PER_S + 1]
    return st.sampled_from([now_ns + step for step in steps])


@frozen
class Seedling:
    """A record that a server makes at once, or made long ago, or a while ahead of our clock."""

    origin: bytes
    client_id: bytes
    time: bytes
    apart_s: int

    def line(self, now_ns: int) -> bytes:
        prefix = b"AT %b " % self.origin
        return make_line(prefix, now_ns + self.apart_s * NS_PER_S, self.client_id, b"+1-1", self.time)


SEEDLINGS = st.builds(
    Seedling,
    origin=st.sampled_from([b"Alford", b"Welsh", b"Welsh2"]),
    client_id=IDS,
    time=st.one_of(NEAR_TIMES, times()),
    apart_s=st.sampled_from([0, 0, 0, 2, -10_000]),
)


class TwoCores(RuleBasedStateMachine):
    """Two caches that are told the same, one of each core.

    A client's records are received in the order of their making, as when the servers' clocks agree: where
    they do not, which of two records that are filed alike goes first is for each core to choose.
    """

    @initialize(held=st.sampled_from([1, 3, 1000]))
    def begin(self, held: int) -> None:
        self.core = compiled()
        self.pure, self.compiled = Pure.Cache(limits(held)), self.core.Cache(limits(held))
        self.dropped: tuple[list[bytes], list[bytes]] = ([], [])
        self.pure.on_dropped, self.compiled.on_dropped = self.dropped[0].append, self.dropped[1].append
        self.now_ns = NOW_NS
        self.owed = (open_outbox(Pure, []), open_outbox(self.core, []))

    @rule(step_ns=st.sampled_from([0, 1, NS_PER_S, LIFETIME_NS - 1, LIFETIME_NS, LIFETIME_NS + 1]))
    def time_passes(self, step_ns: int) -> None:
        self.now_ns += step_ns

    @rule(lines=st.lists(reports(), min_size=1, max_size=4).map(b"".join), is_owed=st.booleans())
    def clients_report(self, lines: bytes, is_owed: bool) -> None:
        ours, theirs = ((self.owed[0],), (self.owed[1],)) if is_owed else ((), ())
        one = pure.ingest(self.pure, lines, b"AT Ball ", self.now_ns, 20, ours)
        if one is not None:
            assert self.core.ingest(self.compiled, lines, b"AT Ball ", self.now_ns, 20, theirs) == one

    @rule(chunk=st.lists(SEEDLINGS, min_size=1, max_size=4), waits=st.lists(SEEDLINGS, max_size=4))
    def a_neighbor_tells(self, chunk: list[Seedling], waits: list[Seedling]) -> None:
        records = [each.line(self.now_ns) for each in waits]
        ours, theirs = open_outbox(Pure, records), open_outbox(self.core, records)
        lines = b"".join(each.line(self.now_ns) + b"\n" for each in chunk)
        rest = (self.now_ns, self.now_ns + NS_PER_S, 20, 6000)
        one = pure.learn(self.pure, lines, ours, (self.owed[0],), *rest)
        assert self.core.learn(self.compiled, lines, theirs, (self.owed[1],), *rest) == one
        assert waiting(theirs) == waiting(ours)

    @rule(seedling=SEEDLINGS)
    def one_is_offered(self, seedling: Seedling) -> None:
        line = seedling.line(self.now_ns)
        offered = (seedling.client_id, line, received_ns(line), self.now_ns)
        assert self.compiled.offer(*offered) == self.pure.offer(*offered)

    @rule(budget=st.integers(0, 3))
    def what_is_old_goes(self, budget: int) -> None:
        assert self.compiled.sweep(self.now_ns, budget) == self.pure.sweep(self.now_ns, budget)

    @rule(held=st.sampled_from([1, 2, 1000]), lifetime_s=st.sampled_from([0.5, 60.0, 3600.0]))
    def limits_change(self, held: int, lifetime_s: float) -> None:
        self.pure.configure(limits(held, lifetime_s))
        self.compiled.configure(limits(held, lifetime_s))

    @rule(client_id=IDS)
    def one_is_asked_for(self, client_id: bytes) -> None:
        line = self.pure.peek(client_id)
        assert self.compiled.peek(client_id) == line
        assert self.compiled.get(client_id, self.now_ns) == self.pure.get(client_id, self.now_ns)
        if line is not None:
            is_expired = self.pure.is_expired(line, self.now_ns)
            assert self.compiled.is_expired(line, self.now_ns) == is_expired

    @invariant()
    def both_are_the_same(self) -> None:
        if hasattr(self, "pure"):
            assert contents(self.compiled) == contents(self.pure)
            assert len(self.compiled) == len(self.pure)
            assert self.compiled.dirty == self.pure.dirty
            assert waiting(self.owed[1]) == waiting(self.owed[0])
            assert self.dropped[0] == self.dropped[1]


TestTwoCores = TwoCores.TestCase


@define
class Server:
    """A replica and what parses for it."""

    replica: Replica
    commands: CommandParser
    records: LinkParser

    @classmethod
    def make(cls) -> Server:
        replica = Replica("Ball", ["Alford", "Welsh"], limits())
        for outbox in replica.flood.outboxes.values():
            outbox.open()
        return cls(replica, CommandParser(limits()), LinkParser(limits()))

    def state(self) -> tuple[object, ...]:
        owed = {name: waiting(outbox) for name, outbox in self.replica.flood.outboxes.items()}
        return contents(self.replica.cache), owed, self.replica.refused, self.replica.cache.dirty


LINES = st.lists(reports(st.one_of(NEAR_TIMES, times()), st.one_of(PLAIN_POSITIONS, positions())), max_size=5)


@given(chunks=st.lists(LINES.map(b"".join), max_size=4), now_ns=st.one_of(near(), clocks()))
def test_reports_in_one_go_do_what_they_do_one_by_one(chunks: list[bytes], now_ns: int) -> None:
    quick, strict = Server.make(), Server.make()
    for chunk in chunks:
        taken = quick.replica.report_lines(chunk, now_ns, quick.commands.longest_id) if chunk else None
        if taken is None:
            event("declined")
            for command in quick.commands.feed(chunk):
                if isinstance(command, list):
                    quick.replica.report(command, now_ns)
        commands = strict.commands.feed(chunk)
        replies = [
            answer
            for command in commands
            if isinstance(command, list)
            for answer in strict.replica.report(command, now_ns)
        ]
        assert taken is None or taken == (b"".join(replies), len(replies))
        assert quick.state() == strict.state()
        if any(isinstance(command, TooLong) for command in commands):
            break


@given(
    chunks=st.lists(st.lists(records(st.one_of(near(), clocks())), max_size=5), max_size=4),
    now_ns=near(),
)
def test_records_in_one_go_do_what_they_do_one_by_one(chunks: list[list[bytes]], now_ns: int) -> None:
    quick, strict = Server.make(), Server.make()
    for server in (quick, strict):
        server.replica.report([(b"IAMAT a +1+1 2\n", b"a", b"+1+1", b"2")], NOW_NS)
    for lines in chunks:
        chunk = b"".join(lines)
        longest = (quick.records.longest_id, quick.records.longest_line)
        taken = quick.replica.learn_lines(chunk, "Welsh", now_ns, *longest) if chunk else None
        for server in (strict, quick) if taken is None else (strict,):
            for message in server.records.feed(chunk):
                assert isinstance(message, list)
                server.replica.learn(message, "Welsh", now_ns)
        assert taken in {None, len(lines)}
        assert quick.state() == strict.state()


@pytest.mark.parametrize(
    "chunk",
    [
        b"IAMAT kiwi +34.068930-118.445127 1479413884.392014450\nWHATSAT kiwi 10 5\n",
        b"IAMAT kiwi +34.068930-118.445127  1479413884.392014450\n",
        b"IAMAT kiwi +91-118 1\n",
        b"IAMAT kiwi +1+012 1\n",
        b"IAMAT kiwi +90.0+1 1\n",
        b"IAMAT kiwi +1+1 1.\n",
        b"IAMAT kiwi +1+1 -1\n",
        b"IAMAT kiwi +1+1 1\r\r\n",
        b"IAMAT xxxxxxxxxxxxxxxxxxxxx +1+1 1\n",
        b"\n",
    ],
)
def test_what_is_no_row_of_plain_reports_is_declined_whole(chunk: bytes) -> None:
    cache = native.Cache(limits())
    assert native.ingest(cache, chunk, b"AT Ball ", NOW_NS, 20, ()) is None
    assert len(cache) == 0


@pytest.mark.parametrize(
    "chunk",
    [
        b"AT Ball +0.000000000 kiwi +1+1 1\nPING 3\n",
        b"AT Ball 0.000000000 kiwi +1+1 1\n",
        b"AT Ball +0.00000000 kiwi +1+1 1\n",
        b"AT Ball +0.0000000000 kiwi +1+1 1\n",
        b"AT Ball +0.000000000 kiwi +1+1 1\r\n",
        b"AT Ball +0.000000000 xxxxxxxxxxxxxxxxxxxxx +1+1 1\n",
        b"AT Ball +0.000000000 kiwi +1+1 " + b"1" * 60 + b"\n",
        b"AT Ball +0.000000000 kiwi +1+1+1 1\n",
    ],
)
def test_what_is_no_row_of_plain_records_is_declined_whole(chunk: bytes) -> None:
    cache = native.Cache(limits())
    assert native.learn(cache, chunk, native.Outbox(), (), NOW_NS, NOW_NS, 20, 80) is None
    assert len(cache) == 0


def test_a_million_digits_are_compared_as_a_few_are() -> None:
    cache = native.Cache(limits(lifetime_s=1e12))
    small, large = b"1" * 100_000 + b"4", b"1" * 100_000 + b"5"
    for time, is_news in ((small, True), (large, True), (small, False)):
        line = b"AT Ball +0.000000000 kiwi +1+1 " + time
        assert cache.offer(b"kiwi", line, NOW_NS, NOW_NS) is is_news
    assert cache.peek(b"kiwi") == b"AT Ball +0.000000000 kiwi +1+1 " + large

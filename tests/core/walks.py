"""Two caches that are reconciled with no link between: what each says waits in the other's inbox."""

from __future__ import annotations

import random
from collections import deque
from typing import TYPE_CHECKING, Final
from zlib import crc32

from herd.core.cache import SHARDS
from herd.core.limits import Limits
from herd.core.reconcile import Reconciler, parse_step
from herd.core.record import client_of, make_line, origin_prefix, received_ns
from herd.core.replica import Replica
from tests.core.strategies import NOW_NS

if TYPE_CHECKING:
    from collections.abc import Mapping


def ids_of_one_leaf(count: int) -> list[bytes]:
    """Find ids whose checksums share their upper half."""
    by_leaf: dict[int, list[bytes]] = {}
    for number in range(65_536 * count):
        client_id = b"%x" % number
        ids = by_leaf.setdefault(crc32(client_id) >> 16, [])
        ids.append(client_id)
        if len(ids) == count:
            return ids
    raise AssertionError("no leaf has so many")


ONE_LEAF: Final = ids_of_one_leaf(8)
IDS: Final = [*ONE_LEAF, *(b"bird%d" % number for number in range(30))]


def record(origin: str, client_id: bytes, time: int) -> bytes:
    return make_line(origin_prefix(origin), NOW_NS, client_id, b"+34-118", b"%d" % time)


class Side:
    """One server with one neighbor; what it says waits in the other's `inbox`, in order."""

    def __init__(self, name: str, other: str, contents: Mapping[bytes, int], limits: Limits) -> None:
        self.name = name
        self.other = other
        self.replica = Replica(name, [other], limits)
        for client_id, time in contents.items():
            line = record("Welsh", client_id, time)
            assert self.replica.cache.offer(client_id, line, received_ns(line), NOW_NS)
        self.outbox = self.replica.flood.outboxes[other]
        self.outbox.open()
        self.reconciler = Reconciler(self.replica.digests, self.outbox, has_precedence=name < other)
        self.inbox: deque[bytes] = deque()
        self.said: list[bytes] = []
        self.sent: list[bytes] = []

    @property
    def records(self) -> dict[bytes, bytes]:
        cache = self.replica.cache
        return {client_id: line for shard in range(SHARDS) for client_id, line in cache.shard(shard).items()}

    @property
    def has_work(self) -> bool:
        return bool(self.inbox) or self.reconciler.has_work or bool(self.outbox)

    def report(self, client_id: bytes, time: int) -> None:
        digits = b"%d" % time
        self.replica.report([(b"", client_id, b"+1-1", digits)], NOW_NS)

    def take(self) -> None:
        """Take one line that has come."""
        line = self.inbox.popleft()
        if line.startswith(b"AT "):
            self.replica.learn([(line, client_of(line))], self.other, NOW_NS)
            return
        step = parse_step(line)
        assert step is not None, line
        assert step.to_line() == line
        self.reconciler.take(step)

    def write(self, inbox: deque[bytes], max_bytes: int) -> None:
        """Do a slice of work and say what is to be said, as `Neighbor.flush` does."""
        steps = self.reconciler.work() if self.reconciler.has_work else []
        lines = self.outbox.take(max_bytes) if self.outbox else []
        self.said += steps
        self.sent += lines
        inbox.extend([*lines, *steps])


class Pair:
    """Alford and Ball, and an order of events that a seed decides."""

    def __init__(
        self,
        alford: Mapping[bytes, int],
        ball: Mapping[bytes, int],
        seed: int = 0,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        self.alford = Side("Alford", "Ball", alford, limits)
        self.ball = Side("Ball", "Alford", ball, limits)
        self.sides = {self.alford: self.ball, self.ball: self.alford}
        self.source = random.Random(seed)

    def step(self) -> bool:
        """Let one of the two do one thing; tell whether there was one."""
        busy = [side for side in self.sides if side.has_work]
        if not busy:
            return False
        side = self.source.choice(busy)
        if side.inbox and self.source.random() < 0.5:
            side.take()
        else:
            side.write(self.sides[side].inbox, self.source.choice([1, 100, 10_000]))
        return True

    def settle(self, most: int = 100_000) -> None:
        for _ in range(most):
            if not self.step():
                return
        raise AssertionError("they never come to an end")

    @property
    def is_walking(self) -> bool:
        return self.alford.reconciler.is_walking or self.ball.reconciler.is_walking

    @property
    def bytes_said(self) -> int:
        return sum(len(line) + 1 for side in self.sides for line in side.said)

"""The pure core's way from a chunk of lines to the outboxes: `ingest` says what is news, and here it is owed.

This is the reference. `herd.core._native` has the same functions, compiled, and with them the two steps are
one: a record goes from the chunk into the cache and into the outboxes, and is never a Python object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from herd.core import ingest as hot

if TYPE_CHECKING:
    from herd.core.cache import Cache
    from herd.core.outbox import Outbox


def ingest(  # noqa: PLR0913, PLR0917 - plain arguments, by position: the compiled one takes them so
    cache: Cache,
    lines: bytes,
    prefix: bytes,
    now_ns: int,
    longest_id: int,
    owed: tuple[Outbox, ...],
) -> tuple[bytes, bool, int] | None:
    """Take clients' IAMATs, received at `now_ns`; put what is news into the outboxes that are `owed` it.

    Returns their joined answers, whether there was news for anybody, and their number; None, and nothing is
    done, where the hot path declines: see `ingest.ingest`.
    """
    taken = hot.ingest(cache, lines, prefix, now_ns, longest_id, bool(owed))
    if taken is None:
        return None
    reply, fresh, count = taken
    return reply, _owe(fresh, owed), count


def learn(  # noqa: PLR0913, PLR0917 - likewise
    cache: Cache,
    lines: bytes,
    outbox: Outbox,
    owed: tuple[Outbox, ...],
    now_ns: int,
    latest_ns: int,
    longest_id: int,
    longest_line: int,
) -> tuple[bool, int, int] | None:
    """Take a neighbor's records; put what is news into the outboxes that are `owed` it.

    `outbox` is the neighbor's own: what it has shown to have is taken out. Returns whether there was news for
    anybody, the number of records, and of those that were refused; None, and nothing is done, where the hot
    path declines: see `ingest.learn`.
    """
    taken = hot.learn(cache, lines, outbox.waiting, now_ns, latest_ns, longest_id, longest_line)
    if taken is None:
        return None
    fresh, count, refused = taken
    return _owe(fresh, owed), count, refused


def _owe(fresh: dict[bytes, bytes], owed: tuple[Outbox, ...]) -> bool:
    if fresh:
        for outbox in owed:
            outbox.put(fresh)
    return bool(fresh and owed)

"""Faults to be planted into copies of herd, one at a time, and the scenario that finds each."""

from __future__ import annotations

from typing import Final

from attrs import frozen


@frozen
class Planted:
    """A fault: with `changes` in `file`, and more in `others`, `scenario` must fail one of `checks`."""

    name: str
    file: str
    changes: tuple[tuple[str, str], ...]
    """What stands there, once, and what is put in its place."""
    scenario: str
    checks: tuple[str, ...]
    others: tuple[tuple[str, str, str], ...] = ()
    """Another file, what stands there, once, and what is put in its place."""


FAULTS: Final = (
    Planted(
        "duplicates are told by their position, not by the order of records",
        "herd/core/cache.py",
        (
            (
                "if held is not None and not is_newer(line, held) and not self.is_expired(held, now_ns):",
                "if held is not None and held.split(b' ')[4] == line.split(b' ')[4]:",
            ),
        ),
        "five-servers-quiet",
        ("terminates", "never goes back", "converges"),
    ),
    Planted(
        "times are compared as floats",
        "herd/core/record.py",
        (
            (
                "    return (one > other) - (one < other)",
                "    return (float(one) > float(other)) - (float(one) < float(other))",
            ),
            ("        and time != held_time\n", "        and float(time) != float(held_time)\n"),
        ),
        "five-servers-quiet",
        ("never goes back", "converges", "promises kept", "answers"),
        (
            (
                "herd/core/ingest.py",
                "held[_TIME_OF_LINE] < time and (are_usual or has_usual_time(held))",
                "time and (are_usual or has_usual_time(held)) and float(held[_TIME_OF_LINE]) < float(time)",
            ),
            (
                "herd/core/ingest.py",
                (
                    "            and held[_TIME_OF_LINE] < line[_TIME_OF_LINE]\n"
                    "            and (are_usual or _are_usual(held, line, elapsed, bounds_s))\n"
                ),
                (
                    "            and (are_usual or _are_usual(held, line, elapsed, bounds_s))\n"
                    "            and float(held[_TIME_OF_LINE]) < float(line[_TIME_OF_LINE])\n"
                ),
            ),
        ),
    ),
    Planted(
        "an outbox is not drained when the transport wants more again",
        "herd/server/links.py",
        (("        self.is_writable = True\n        if self", "        if self"),),
        "crowds-on-narrow-links",
        ("arrives soon",),
    ),
    Planted(
        "reconciling skips one bucket of digests",
        "herd/core/reconcile.py",
        (
            (
                "            if mine == theirs:",
                '            if mine == theirs or (digit == 7 and step.path == ""):',
            ),
        ),
        "five-servers-under-partitions",
        ("converges",),
    ),
    Planted(
        "under `neighbor` the answer leaves before the acknowledgement",
        "herd/server/build.py",
        (
            (
                'promises = None if config.durability_of(name) == "memory" else',
                'promises = None if config.durability_of(name) in ("memory", "neighbor") else',
            ),
        ),
        "neighbor-promises-under-faults",
        ("promises kept",),
    ),
    Planted(
        "records expire by the clock of the server that holds them",
        "herd/core/cache.py",
        (
            (
                "        checksum = crc32(client_id)\n        shard =",
                "        received_ns = now_ns\n        checksum = crc32(client_id)\n        shard =",
            ),
            (
                "        shard[client_id] = line\n",
                "        shard[client_id] = line\n        self.arrived[line] = now_ns\n",
            ),
            ("        self._size = 0\n", "        self._size = 0\n        self.arrived = {}\n"),
            (
                "return received_ns(line) + self.lifetime_ns <= now_ns",
                "return self.arrived.get(line, received_ns(line)) + self.lifetime_ns <= now_ns",
            ),
            (
                "return None if line is None else received_ns(line)",
                "return None if line is None else self.arrived.get(line, received_ns(line))",
            ),
        ),
        "records-expire",
        ("bounded",),
    ),
    Planted(
        "a handshake takes any name, and any proof",
        "herd/core/handshake.py",
        (("or not hmac.compare_digest(words[1], expected)", "or not expected"),),
        "hostile-neighbor",
        ("no strangers",),
    ),
    Planted(
        "dials are repeated without jitter",
        "herd/server/backoff.py",
        (("self._source.uniform(0.5, 1)", "1.0"),),
        "hub-returns",
        ("no thundering herd",),
    ),
    Planted(
        "under `disk` the journal is written after the answer",
        "herd/server/journal.py",
        (
            (
                "        self._is_writing = True\n        Deferred",
                "        self._is_writing = True\n        self._promises.keep(moment)\n        Deferred",
            ),
        ),
        "disk-promises-under-faults",
        ("promises kept",),
    ),
)

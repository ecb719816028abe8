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
    Planted(
        "what no longer fits into a write is taken for written",
        "herd/core/ingest.py",
        (
            (
                "for client_id in list(islice(waiting, len(lines))):",
                "for client_id in list(islice(waiting, len(lines) + 1)):",
            ),
        ),
        "crowds-on-narrow-links",
        ("converges", "promises kept", "arrives soon"),
    ),
    Planted(
        "reconciling leaves out the last leaf of a node",
        "herd/core/digests.py",
        (
            (
                "for leaf in range(first, first + width) for",
                "for leaf in range(first, first + width - (width > 1)) for",
            ),
        ),
        "crowds-under-partitions",
        ("converges",),
    ),
    Planted(
        "any acknowledgement keeps all promises",
        "herd/server/neighbor.py",
        (
            (
                "        while self._marks and self._marks[0][0] <= message.read:",
                "        while self._marks:",
            ),
        ),
        "neighbor-promises-far",
        ("promises kept",),
    ),
    Planted(
        "what could not be written to the disk is promised all the same",
        "herd/server/journal.py",
        (("        self._promises.fail(moment)", "        self._promises.keep(moment)"),),
        "disk-full",
        ("promises kept",),
    ),
    Planted(
        "news goes back to whom it came from",
        "herd/core/flood.py",
        (
            (
                "for name, outbox in self.outboxes.items() if name != source]",
                "for name, outbox in self.outboxes.items()]",
            ),
        ),
        "five-servers-quiet",
        ("terminates",),
    ),
    Planted(
        "differences are computed with floats",
        "herd/core/record.py",
        (
            (
                '        elapsed_ns = now_ns - int(time.replace(b".", b"", 1))\n        if',
                "        elapsed_ns = round((now_ns / 1e9 - float(time)) * 1e9)\n        if",
            ),
        ),
        "five-servers-quiet",
        ("differences are exact",),
    ),
    Planted(
        "a report that is said again makes another record",
        "herd/core/ingest.py",
        (
            (
                'if held is not None and held.endswith(b" " + report) and not',
                'if held is not None and held.endswith(b"  " + report) and not',
            ),
        ),
        "five-servers-quiet",
        ("answers",),
    ),
    Planted(
        "a link takes no ids but ASCII",
        "herd/core/linkwire.py",
        (
            (
                r'rb"^(AT [^ \t\n\r\f\v]++ [+-][0-9]++\.[0-9]{9} ([^ \t\n\r\f\v]++) " + PLAIN',
                r'rb"^(AT [^ \t\n\r\f\v]++ [+-][0-9]++\.[0-9]{9} ([!-~]++) " + PLAIN',
            ),
            (
                r'rb"AT [^ \t\n\r\f\v]+ [+-][0-9]+\.[0-9]{9} ([^ \t\n\r\f\v]+) ([^ ]+)',
                r'rb"AT [^ \t\n\r\f\v]+ [+-][0-9]+\.[0-9]{9} ([!-~]+) ([^ ]+)',
            ),
        ),
        "five-servers-quiet",
        ("converges",),
        (
            (
                "herd/core/ingest.py",
                r'([+-][0-9]++\.[0-9]{9}) (" + _WORD + rb"++) "',
                r'([+-][0-9]++\.[0-9]{9}) ([!-~]++) "',
            ),
        ),
    ),
    Planted(
        "kilometers are taken for meters",
        "herd/places/google.py",
        (("max(1.0, radius_km * 1000)", "max(1.0, radius_km)"),),
        "places-provider-failing",
        ("answers",),
    ),
    Planted(
        "a connection that was kept and is dead counts as a provider that is",
        "herd/places/http.py",
        (
            ("                self._let_go()\n", ""),
            ("if is_again or not was_dead:", "if is_again or was_dead or not was_dead:"),
        ),
        "places-provider-failing",
        ("places are found again",),
    ),
    Planted(
        "a proof does not say whose it is, so it can be sent back",
        "herd/core/handshake.py",
        (('proof\\n" + role.encode() + b"\\n" + dialer', 'proof\\n" + dialer'),),
        "hostile-neighbor",
        ("no strangers",),
    ),
    Planted(
        "any member's certificate will do for any name",
        "herd/server/links.py",
        (("                check_peer(self.transport, self.handshake.peer)", "                pass"),),
        "tls-links-under-partitions",
        ("no strangers",),
    ),
    Planted(
        "waits between dials never begin anew",
        "herd/server/neighbor.py",
        (("            self._backoff.reset()  #", "            pass  #"),),
        "redials",
        ("dialed in time",),
    ),
    Planted(
        "waits between dials begin anew as soon as a link is up",
        "herd/server/neighbor.py",
        (
            (
                '        self._set_state("up", None)\n',
                '        self._set_state("up", None)\n        self._backoff.reset()\n',
            ),
        ),
        "redials",
        ("no storm of dials",),
    ),
    Planted(
        "a link that is silent is kept",
        "herd/server/neighbor.py",
        (("        if left_s <= 0:", "        left_s = max(left_s, 1.0)\n        if left_s <= 0:"),),
        "redials",
        ("silent links are given up",),
    ),
    Planted(
        "records whose time is over stay in memory",
        "herd/server/node.py",
        (("        if self._sweep_call is None:\n            self._sweep()", "        pass"),),
        "records-expire",
        ("bounded",),
    ),
    Planted(
        "what was refused as of the future is never asked for again",
        "herd/core/refusals.py",
        (("        return self._count > 0 and", "        return self._count < 0 and"),),
        "clocks-far-apart",
        ("converges",),
    ),
    Planted(
        "records of the future are taken",
        "herd/core/replica.py",
        (
            ("            if received > latest_ns:", "            if received < 0:"),
            ("outbox, owed, now_ns, latest_ns, longest_id", "outbox, owed, now_ns, 10**20, longest_id"),
        ),
        "clocks-far-apart",
        ("bounded",),
    ),
    Planted(
        "a full cache refuses who is new",
        "herd/core/cache.py",
        (
            (
                "        return self._size <= self._capacity or self._evict() != client_id",
                (
                    "        if self._size > self._capacity:\n"
                    "            self._delete(client_id)\n"
                    "        return client_id in shard"
                ),
            ),
        ),
        "small-limits",
        ("never goes back", "promises kept", "converges"),
    ),
    Planted(
        "more answers wait than may",
        "herd/server/clients.py",
        (
            (
                "            room = context.limits.answers_waiting - len(self._answers)",
                "            room = len(reports)",
            ),
        ),
        "small-limits",
        ("bounded",),
    ),
    Planted(
        "the answer to what is said again waits for the next heartbeat",
        "herd/core/promises.py",
        (("        self.on_wait()\n", ""),),
        "neighbor-promises-under-faults",
        ("answers",),
    ),
)

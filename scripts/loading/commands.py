r"""The commands of one connection, in blocks of bytes that are ready to be sent.

A connection has clients of its own, which report in turn. The time in a report is when the report was due,
so whoever sees the record later knows from itself how long it has been under way. Reports of one client have
growing times, so each one is new.

All but the time of a client's IAMAT is made once, with a mark where the time goes: for commands that are due
at the same moment (the closed loop) a block is a slice, a join and one replacement.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from loading.plan import NS_PER_S

if TYPE_CHECKING:
    from loading.plan import Plan

CITIES: Final = ((34.05, -118.24), (51.51, -0.13), (35.68, 139.69), (-33.87, 151.21), (-23.55, -46.63))
"""Clients are within some 30 km of these, so that WHATSAT finds something."""

WHATSAT: Final = b""
"""Stands where for an IAMAT the end of its answer does."""

_MARK: Final = b"@"


def stamp(wall_ns: int) -> bytes:
    """Return a report's time."""
    return b"%d.%09d" % divmod(wall_ns, NS_PER_S)


class Commands:
    """What one connection sends. `offset_ns`: the POSIX clock less the one that commands are due by."""

    def __init__(self, plan: Plan, connection: int, offset_ns: int) -> None:
        self._prefix = plan.client_prefix
        self._clients = plan.clients_of(connection)
        self._offset_ns = offset_ns
        self._share = plan.whatsat_percent / 100
        self._source = random.Random(plan.seed + connection)  # noqa: S311 - no secret
        self._lines: list[bytes] = []
        self._next = 0
        self._last_ns = 0
        self.at_once = len(self._clients)
        """Commands that may be due at the same moment: each of another client."""

    def at(self, now_ns: int, count: int) -> list[int]:
        """Return when commands are due that are sent at once: now, but later than any before."""
        self._last_ns = max(now_ns, self._last_ns + 1)
        return [self._last_ns] * count

    def issue(self, dues_ns: list[int]) -> tuple[bytes, list[bytes]]:
        """Return the commands due at these moments, and for each what its answer must end with."""
        if self._share:
            return self._issue_mixed(dues_ns)
        lines = self._take(len(dues_ns))
        if dues_ns[0] == dues_ns[-1]:
            block = b"".join(lines).replace(_MARK, stamp(dues_ns[0] + self._offset_ns))
        else:
            offset_ns = self._offset_ns
            stamped = zip(lines, dues_ns, strict=True)
            block = b"".join([line.replace(_MARK, stamp(due_ns + offset_ns)) for line, due_ns in stamped])
        return block, block[5:-1].split(b"\nIAMAT")

    def _issue_mixed(self, dues_ns: list[int]) -> tuple[bytes, list[bytes]]:
        commands: list[bytes] = []
        endings: list[bytes] = []
        for due_ns in dues_ns:
            if self._lines and self._source.random() < self._share:
                client = self._clients[self._source.randrange(len(self._lines))]
                commands.append(b"WHATSAT %b%d 10 5\n" % (self._prefix, client))
                endings.append(WHATSAT)
            else:
                (line,) = self._take(1)
                commands.append(line.replace(_MARK, stamp(due_ns + self._offset_ns)))
                endings.append(commands[-1][5:-1])
        return b"".join(commands), endings

    def _take(self, count: int) -> list[bytes]:
        """Return the next clients' lines, from the first client again after the last."""
        taken: list[bytes] = []
        while len(taken) < count:
            end = min(self._next + count - len(taken), len(self._clients))
            while len(self._lines) < end:
                self._lines.append(self._line(self._clients[len(self._lines)]))
            taken += self._lines[self._next : end]
            self._next = end % len(self._clients)
        return taken

    def _line(self, client: int) -> bytes:
        latitude, longitude = self._source.choice(CITIES)
        degrees = (latitude + self._source.random() / 2 - 0.25, longitude + self._source.random() / 2 - 0.25)
        return b"IAMAT %b%d %+.6f%+.6f %b\n" % (self._prefix, client, *degrees, _MARK)

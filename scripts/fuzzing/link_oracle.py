"""What one server must do with the bytes of one link connection, and what it may send on it.

`LinkOracle` knows what the server holds; `Expectation` follows one connection, chunk by chunk. Nothing but a
valid AT line after a whole handshake, or a client's report, changes a record; the first line that the
protocol does not allow ends the connection, and of what came with it in one chunk nothing is taken that came
after the last heartbeat before it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from attrs import define, field
from fuzzing.link_protocol import (
    HANDSHAKE_LINE_BYTES,
    HERD,
    LINK_LINE_BYTES,
    SERVER,
    Record,
    is_count,
    is_step,
    parse_record,
    proof,
    sender_of,
)
from fuzzing.oracle import NS, Wrong

if TYPE_CHECKING:
    from fuzzing.link_protocol import Role

SKEW_NS: Final = 3600 * NS
HANDSHAKE_S: Final = 5.0
SILENCE_S: Final = 8.0

_OWN_HELLO: Final = re.compile(rf"HERD 1 {HERD} {SERVER} (\w+) ([0-9a-f]{{32}}) ([0-9a-f]{{32}})".encode())


@define
class LinkOracle:
    """The records of a server, and what it has said of itself. Times are POSIX nanoseconds.

    Of a server that `evicts` it is only known what it may hold: of each client any record that came.
    """

    lifetime_ns: int
    evicts: bool = False
    records: dict[bytes, Record] = field(factory=dict)
    lines: dict[bytes, None] = field(factory=dict)
    """Every AT line that may ever have been held."""
    counts: Counter[str] = field(factory=Counter)
    instance: bytes = b""
    nonces: dict[bytes, None] = field(factory=dict)

    def offer(self, record: Record, now_ns: int) -> None:
        """Take a neighbor's record, if it is newer than the one held, not expired, not from the future."""
        held = self.records.get(record.client_id)
        is_alive = now_ns - self.lifetime_ns < record.received_ns <= now_ns + SKEW_NS
        is_news = is_alive and (held is None or record.order() > held.order())
        if is_news:
            self.records[record.client_id] = record
        if is_news or (is_alive and self.evicts):
            self.lines[record.line] = None

    def check_hello(self, line: bytes, receiver: str) -> bytes:
        """Check the server's hello; return its nonce."""
        match = _OWN_HELLO.fullmatch(line)
        if match is None or match[1] != receiver.encode():
            raise Wrong(f"{line!r} is no hello to {receiver}")
        self.instance = self.instance or match[2]
        if match[2] != self.instance or match[3] in self.nonces:
            raise Wrong(f"{line!r} has another instance, or a nonce that is not fresh")
        self.nonces[match[3]] = None
        return match[3]


class Expectation:
    """One connection: what has gone over it, and whether it must be over."""

    def __init__(self, oracle: LinkOracle, role: Role, peers: tuple[str, ...], now_s: float) -> None:
        self.is_up = False
        self.must_be_over = False
        self.may_be_over = False
        self.peer: str | None = peers[0] if role == "dialer" else None
        self.nonce = b""
        self.own_line = b""
        """What the server said for a hello."""
        self.peer_line = b""
        self.walk_is_on = False
        self.received = 0
        """Records that the server has been sent."""
        self.sent = 0
        """Records that the server has sent."""
        self.acknowledged = 0
        """Records that the server has been told were read."""
        self.owes_pong = False
        self.has_ponged = 0
        self._oracle = oracle
        self._role: Role = role
        self._peers = peers
        self.rest = b""
        """The beginning of a line that the server has got."""
        self.said: dict[bytes, bytes] = {}
        """The last record of each client that the server has sent."""
        self._out_rest = b""
        self._allowed = ["hello"] if role == "dialer" else []
        """What the server may say in its handshake, in order."""
        self._began_s = self._heard_s = now_s

    def get(self, chunk: bytes, now_s: float, now_ns: int) -> None:
        """Let the server get a chunk."""
        data, self.rest = self.rest + chunk, b""
        while not self.is_up and not self.must_be_over:
            line, newline, rest = data.partition(b"\n")
            if len(line) > HANDSHAKE_LINE_BYTES:
                self._end("a long handshake")
            elif not newline:
                self.rest = data
                return
            else:
                self._shake(line)
                data = rest
                if self.is_up:
                    self._heard_s = now_s
        if data and not self.must_be_over:
            self._get_lines(data, now_s, now_ns)

    def _end(self, why: str) -> None:
        self.must_be_over = True
        self._oracle.counts[f"ended by {why}"] += 1

    def _shake(self, line: bytes) -> None:
        if not self.peer_line:
            sender = sender_of(line, self._peers)
            if sender is None:
                self._end("a wrong hello")
                return
            self.peer, self.peer_line = sender, line
            self._allowed.append("hello" if self._role == "acceptor" else "proof")
        elif line == b"PROOF " + self.proof(right=True):
            self.is_up = True
            self._oracle.counts["links up"] += 1
            if self._role == "acceptor":
                self._allowed.append("proof")
        else:
            self._end("a wrong proof")

    def proof(self, *, right: bool) -> bytes:
        """Return the fuzzer's right proof, or the one of the other role."""
        mine: Role = "dialer" if self._role == "acceptor" else "acceptor"
        lines = (self.peer_line, self.own_line) if mine == "dialer" else (self.own_line, self.peer_line)
        return proof(mine if right else self._role, *lines)

    def _get_lines(self, data: bytes, now_s: float, now_ns: int) -> None:
        *lines, self.rest = data.split(b"\n")
        if len(self.rest) > LINK_LINE_BYTES:
            self._end("a long line")
            return
        for row in _rows(lines):
            if not self.must_be_over:
                self._get_row(row, now_s, now_ns)

    def _get_row(self, lines: list[bytes], now_s: float, now_ns: int) -> None:
        records = [parse_record(line) for line in lines]
        for line, record in zip(lines, records, strict=True):
            if record is None and not is_count(line) and not is_step(line):
                self._end("a line that is none")
                return
        for line, record in zip(lines, records, strict=True):
            self._heard_s = now_s
            if record is not None:
                self.received += 1
                self._oracle.counts["records"] += 1
                self._oracle.offer(record, now_ns)
            elif is_count(line):
                self._get_count(line)
            else:
                self._get_step(line)
            if self.must_be_over:
                return

    def _get_count(self, line: bytes) -> None:
        self._oracle.counts["heartbeats"] += 1
        verb, number = line.split(b" ")
        if verb == b"PING":
            self.owes_pong = True
        elif self.acknowledged <= int(number) <= self.sent:
            self.acknowledged = int(number)
        else:
            self._end("a wrong acknowledgement")

    def _get_step(self, line: bytes) -> None:
        self._oracle.counts["steps"] += 1
        if line.startswith(b"ROOT"):
            self.walk_is_on = True
        elif not self.walk_is_on:
            self._end("a step without a walk")
        elif line == b"DONE":
            self.walk_is_on = False

    def send(self, data: bytes) -> None:
        """Take what the server has written; `Wrong` for what it may not say."""
        *lines, self._out_rest = (self._out_rest + data).split(b"\n")
        for line in lines:
            if self._allowed:
                self._check_handshake(self._allowed.pop(0), line)
            elif not self.is_up:
                raise Wrong(f"it said {line!r} before it knew to whom")
            else:
                self._check_line(line)

    def _check_handshake(self, allowed: str, line: bytes) -> None:
        if allowed == "hello":
            assert self.peer is not None
            self.nonce = self._oracle.check_hello(line, self.peer)
            self.own_line = line
        elif line != b"PROOF " + self._server_proof():
            raise Wrong(f"{line!r} is not the server's proof")

    def _server_proof(self) -> bytes:
        lines = (self.own_line, self.peer_line) if self._role == "dialer" else (self.peer_line, self.own_line)
        return proof(self._role, *lines)

    def _check_line(self, line: bytes) -> None:
        verb, _, number = line.partition(b" ")
        if verb == b"AT":
            self.sent += 1
            if line not in self._oracle.lines:
                raise Wrong(f"it sent {line!r}, which it never held")
            self.said[line.split(b" ")[3]] = line
        elif verb == b"PING":
            if int(number) != self.sent:
                raise Wrong(f"it says {line!r} after {self.sent} records")
        elif verb == b"PONG":
            if not self.has_ponged <= int(number) <= self.received:
                raise Wrong(f"it says {line!r} after {self.has_ponged}, with {self.received} records sent")
            self.has_ponged = int(number)
            self.owes_pong = False
        elif is_step(line):
            self.walk_is_on = verb == b"ROOT" or (self.walk_is_on and verb != b"DONE")
        else:
            raise Wrong(f"it sent {line!r}, which is nothing")

    def check(self, *, is_over: bool, now_s: float) -> None:
        """Compare whether the connection is over with whether it must be."""
        since_s = self._heard_s if self.is_up else self._began_s
        patience_s = SILENCE_S if self.is_up else HANDSHAKE_S
        may_be_over = self.may_be_over or now_s - since_s >= patience_s
        if is_over and not self.must_be_over and not may_be_over:
            raise Wrong("it closed a connection on which all was right")
        if not is_over and self.must_be_over:
            raise Wrong("it did not close a connection on which something was wrong")
        if not is_over and not self.is_up and now_s - self._began_s >= patience_s:
            raise Wrong(f"it waits for the end of a handshake for {now_s - self._began_s:g} s")


def _rows(lines: list[bytes]) -> list[list[bytes]]:
    """Cut lines before and after each that begins as a heartbeat does: what stands between is taken whole."""
    rows: list[list[bytes]] = [[]]
    for line in lines:
        if line.startswith(b"P"):
            rows += [[line], []]
        else:
            rows[-1].append(line)
    return rows

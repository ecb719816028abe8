"""What the link protocol allows, written a second time and plainly: handshake, lines, the order of records.

It shares no code with herd. `Wrong` is raised by who compares a server with it.
"""

from __future__ import annotations

import hmac
import re
from fractions import Fraction
from typing import Final, Literal, TypeAlias
from zlib import crc32

from attrs import frozen
from fuzzing.oracle import NS, is_decimal, is_position

Role: TypeAlias = Literal["dialer", "acceptor"]
"""Of the server; the fuzzer has the other one."""

HERD: Final = "testers"
SERVER: Final = "Alford"
SECRET: Final = b"an-open-secret-of-32-bytes-\xc3\xa9\x00\x7f!"
LINE_BYTES: Final = 256
"""A client's longest line, so that a link's longest one is the floor of 4,096 bytes."""
LINK_LINE_BYTES: Final = 4096
LIFETIME_S: Final = 1e9
CLIENT_ID_BYTES: Final = 100
HANDSHAKE_LINE_BYTES: Final = 1024


def _clients() -> tuple[bytes, ...]:
    """Return ids of clients, half of them in one part of the tree of digests, so that its leaves fill."""
    ids = [b"client-%d" % number for number in range(20_000)]
    return (*ids[:60], *[id_ for id_ in ids[60:] if crc32(id_) >> 24 == crc32(ids[0]) >> 24][:60])


CLIENTS: Final = _clients()

_COUNT: Final = re.compile(rb"(PING|PONG) [0-9]{1,18}")
_DIFFERENCE: Final = re.compile(rb"[+-][0-9]+\.[0-9]{9}")
_DIGESTS: Final = re.compile(rb"(?:[0-9a-f]{16})+")
_PATH: Final = re.compile(rb"-|[0-9a-f]{1,4}")
_FORBIDDEN: Final = re.compile(rb"[\t\n\r\f\v]")
_HELLO_WORDS: Final = 7
_AT_WORDS: Final = 6
_HEX: Final = 16
_CHILDREN: Final = 16
_DEEPEST: Final = 4
_SHARD: Final = 2
_MOST_DIGESTS: Final = 200


@frozen
class Record:
    """An AT line, and what orders it."""

    line: bytes
    client_id: bytes
    time: Fraction
    origin: bytes
    received_ns: int

    def order(self) -> tuple[Fraction, bytes, bytes]:
        """Return the key by which the newest record is the greatest."""
        return (self.time, self.origin, self.line)


def parse_record(line: bytes) -> Record | None:
    """Read an AT line without its ending; None for what is none."""
    words = line.split(b" ")
    if len(words) != _AT_WORDS or words[0] != b"AT" or not all(words) or _FORBIDDEN.search(line):
        return None
    _, origin, difference, client_id, position, time = words
    if not (_DIFFERENCE.fullmatch(difference) and is_position(position) and is_decimal(time)):
        return None
    if len(line) > LINK_LINE_BYTES or len(client_id) > CLIENT_ID_BYTES:
        return None
    seconds = Fraction(time.decode())
    received_ns = ((Fraction(difference.decode()) + seconds) * NS).__floor__()
    return Record(line, client_id, seconds, origin, received_ns)


def is_count(line: bytes) -> bool:
    """Tell whether a line is a heartbeat."""
    return _COUNT.fullmatch(line) is not None


def is_step(line: bytes) -> bool:
    """Tell whether a line is a well-formed message of reconciliation."""
    match line.split(b" "):
        case [b"TURN" | b"DONE"]:
            return True
        case [b"ROOT", root]:
            return _count(root) == 1
        case [b"GIVE", path]:
            return _depth(path) is not None
        case [b"NODE", path, digests]:
            depth = _depth(path)
            return depth is not None and depth < _DEEPEST and _count(digests) == _CHILDREN
        case [b"LEAF" | b"WANT", path, digests]:
            return (_depth(path) or 0) >= _SHARD and 0 < _count(digests) <= _MOST_DIGESTS
        case _:
            return False


def _depth(path: bytes) -> int | None:
    if not _PATH.fullmatch(path):
        return None
    return 0 if path == b"-" else len(path)


def _count(digests: bytes) -> int:
    """Return how many digests a word holds, 0 if it is no digests."""
    return len(digests) // _HEX if _DIGESTS.fullmatch(digests) else 0


def hello(sender: str, receiver: str, instance: str, nonce: str) -> bytes:
    """Return the line with which a server says who it is, without its ending."""
    return f"HERD 1 {HERD} {sender} {receiver} {instance} {nonce}".encode()


def sender_of(line: bytes, peers: tuple[str, ...]) -> str | None:
    """Return who says a valid hello to the server, one of `peers`; None for any other line."""
    try:
        words = line.decode().split(" ")
    except UnicodeDecodeError:
        return None
    if len(words) != _HELLO_WORDS or not all(words) or len(line) > HANDSHAKE_LINE_BYTES:
        return None
    verb, version, herd, sender, receiver, _, _ = words
    if not (version.isascii() and version.isdigit()) or int(version) != 1:
        return None
    return sender if (verb, herd, receiver) == ("HERD", HERD, SERVER) and sender in peers else None


def proof(prover: Role, dialer_line: bytes, acceptor_line: bytes) -> bytes:
    """Return the proof of one side, over both hellos, given without their endings."""
    message = b"herd link proof\n%b\n%b\n%b\n" % (prover.encode(), dialer_line, acceptor_line)
    return hmac.new(SECRET, message, "sha256").hexdigest().encode()

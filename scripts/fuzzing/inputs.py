"""What clients may send, well-behaved and hostile: commands of a grammar, and what mutations make of them.

Everything is drawn from a given random source, so a seed gives the same bytes at every run. Ids and times
come from small pools, so that reports of one client meet: newer, older, repeated, of one time.
"""

from __future__ import annotations

import random
from itertools import accumulate
from typing import Final

from attrs import frozen

IDS: Final = (
    b"kiwi.cs.ucla.edu",
    b"k",
    b"\xff\xfe",
    b"\x00",
    b"AT",
    b"IAMAT",
    b"?",
    b"\xc2\x85\xc2\xa0",
    b"\x1b[31m",
    "🥝".encode(),
    "é".encode() * 200,
    b"x" * 1024,
    b"x" * 1025,
    *(b"client-%d" % number for number in range(150)),
)
DEGREES: Final = (
    *(b"0", b"00", b"34", b"34.068930", b"118.445127", b"89.999999999", b"90", b"90.0", b"90.1", b"180"),
    *(
        b"180.000",
        b"180.1",
        b"91",
        b"179.99",
        b"0.0",
        b"1e1",
        b"nan",
        b"inf",
        b".5",
        b"5.",
        b"1_0",
        b"",
        b"0x1",
    ),
    *(b"90.000000000000000000000000000001", b"089.5", b"0000000000000000000000000034", b"34,5", b"3 4"),
)
IN_RANGE: Final = (b"+34.068930-118.445127", b"-0.0+0.0", b"+90-180", b"+7.5+179.999999999", b"-89.9+08.25")
TIMES: Final = (
    *(b"0", b"1479413884.392014450", b"1479413884.3920144500", b"1479413884.392014451", b"1479413884"),
    *(b"1479413884.392014450123456789", b"01479413884.392014450", b"1479413885", b"9.5", b"10", b"10.0"),
    *(b"99999999999999999999.5", b"0.0000000005", b"0.0000000015", b"1700000000.123456789"),
)
NO_NUMBERS: Final = (
    *(
        b"-1",
        b"+1",
        b"1e9",
        b"nan",
        b"inf",
        b"1.",
        b".1",
        b".",
        b"1_0",
        b"0x1",
        b"one",
        b"1.2.3",
        b"\xd9\xa1",
    ),
    *(b"1\x00", b"-0", b"1-", b"--1", b"", b"\xff"),
)
RADII: Final = (b"0", b"10", b"50", b"50.0", b"50.00000000000000001", b"51", b"0.5", b"007", b"49.99")
BOUNDS: Final = (b"0", b"1", b"5", b"20", b"21", b"007", b"00000000000000020", b"5.0")
SPACES: Final = (b" ", b"  ", b"\t", b" \t ", b"\v", b"\f", b"\r", b" \r ")
ENDINGS: Final = (b"\n", b"\r\n", b"\r\r\n", b" \n", b"\t\r\n", b"\n\n", b"\r")
WORDS: Final = (b"IAMAT", b"WHATSAT", b"AT", b"iamat", b"WhatsAt", b"IAMAT\x00", b"?", b"HELO", b"QUIT", b"")

MOST_LINES: Final = 60
"""Lines of one connection, but for those that a mutation makes."""
CUTS: Final = (0, 0, 0, 1, 3, 20)
"""Twice this often is a connection cut into chunks: half come whole."""


@frozen
class Script:
    """One connection: what is sent, where it is cut into chunks, and how it ends."""

    lines: tuple[bytes, ...]
    """Commands with their endings; nothing else joins them."""
    seed: int
    """Draws the cuts, and whatever else happens meanwhile."""
    ends: bool
    """Whether it ends with a half-close; otherwise with a reset."""

    @property
    def data(self) -> bytes:
        """Return all that is sent."""
        return b"".join(self.lines)

    def cuts(self) -> list[int]:
        """Return how much has been sent after each chunk: some anywhere, some around the ends of lines."""
        source, size = random.Random(self.seed), len(self.data)  # noqa: S311 - no secret
        count = source.choice(CUTS)
        ends = [0, *accumulate(len(line) for line in self.lines)]
        near = [source.choice(ends) + source.randint(-2, 1) for _ in range(count)]
        anywhere = [source.randint(1, max(1, size)) for _ in range(count)]
        return sorted({at for at in (*near, *anywhere) if 0 < at < size} | ({size} if size else set()))


class Inputs:
    """Draws connections."""

    def __init__(self, source: random.Random, line_bytes: int) -> None:
        self._source = source
        self._line_bytes = line_bytes

    def script(self) -> Script:
        """Draw a connection of some dozens of commands."""
        source = self._source
        line = self._tame if _chance(source, 0.3) else self._line
        lines = [line() for _ in range(source.randint(1, MOST_LINES))]
        if _chance(source, 0.3):
            lines[-1] = lines[-1].rstrip(b"\r\n")
        if _chance(source, 0.05):
            lines.insert(source.randrange(len(lines) + 1), self._long())
        return Script(tuple(lines), source.getrandbits(32), _chance(source, 0.95))

    def _tame(self) -> bytes:
        """Return a command as clients are written to send them; a mutant in a hundred."""
        source = self._source
        position, posix_s = source.choice(IN_RANGE), source.choice(TIMES)
        line = b"IAMAT client-%d %b %b" % (source.randrange(100), position, posix_s)
        if _chance(source, 0.01):
            line = self._mutated(line)
        return line + source.choice((b"\n", b"\n", b"\n", b"\r\n"))

    def _line(self) -> bytes:
        source = self._source
        kind = source.choices(
            (self._iamat, self._spoiled, self._whatsat, self._garbage, self._at), (48, 14, 20, 6, 2)
        )[0]
        line = kind()
        if _chance(source, 0.12):
            for _ in range(source.randint(1, 3)):
                line = self._mutated(line)
        return line + (b"\n" if _chance(source, 0.7) else source.choice(ENDINGS))

    def _joined(self, *fields: bytes) -> bytes:
        source = self._source
        if _chance(source, 0.85):
            return b" ".join(fields)
        pieces = [piece for each in fields for piece in (source.choice(SPACES), each)]
        return b"".join(pieces[source.randint(0, 1) :]) + source.choice((b"", b" ", b"\t\r"))

    def _iamat(self) -> bytes:
        return self._joined(b"IAMAT", self._id(), self._position(), self._time())

    def _whatsat(self) -> bytes:
        source = self._source
        return self._joined(b"WHATSAT", self._id(), source.choice(RADII), source.choice(BOUNDS))

    def _at(self) -> bytes:
        return self._joined(b"AT", b"Alford", b"+0.263873386", self._id(), self._position(), self._time())

    def _spoiled(self) -> bytes:
        """Return a command with a field that is wrong, missing, or too many."""
        source = self._source
        fields = source.choice((self._iamat, self._whatsat))().split(b" ")
        at = source.randrange(len(fields))
        match source.randrange(5):
            case 0:
                fields[at] = source.choice(NO_NUMBERS)
            case 1:
                del fields[at]
            case 2:
                fields.insert(at, source.choice((*NO_NUMBERS, *IDS, *WORDS)))
            case 3:
                fields[0] = source.choice(WORDS)
            case _:
                signs = (b"", b"+", b"-", b"++")
                degrees = [source.choice(signs) + source.choice(DEGREES) for _ in range(source.randint(1, 3))]
                fields[min(2, len(fields) - 1)] = b"".join(degrees)
        return self._joined(*fields)

    def _garbage(self) -> bytes:
        source = self._source
        return source.choice((b"", b" ", b"\t\v", b"\r", source.randbytes(source.randint(1, 80))))

    def _long(self) -> bytes:
        """Return a line about as long as the limit."""
        source = self._source
        size = self._line_bytes + source.randint(-3, 5)
        whole = source.choice((b"x", b"IAMAT x +1+1 1", b"WHATSAT k 1 "))
        return (whole + source.choice((b"1", b"x", b" ")) * size)[: size - 1] + b"\n"

    def _id(self) -> bytes:
        source = self._source
        return source.choice(IDS) if _chance(source, 0.9) else b"new-%d" % source.getrandbits(20)

    def _position(self) -> bytes:
        source = self._source
        if _chance(source, 0.9):
            return b"%+.*f%+.*f" % (
                source.randint(0, 8),
                source.uniform(-90, 90),
                source.randint(0, 8),
                source.uniform(-180, 180),
            )
        return b"".join(source.choice((b"+", b"-")) + source.choice(DEGREES) for _ in range(2))

    def _time(self) -> bytes:
        source = self._source
        if _chance(source, 0.5):
            return source.choice(TIMES)
        whole = source.choice((1479413884, source.getrandbits(31), source.getrandbits(80)))
        decimals = source.choice((0, 1, 8, 9, 10, 30))
        return b"%d" % whole + (b".%0*d" % (decimals, source.randrange(10**decimals)) if decimals else b"")

    def _mutated(self, line: bytes) -> bytes:
        source = self._source
        at = source.randrange(len(line) + 1)
        end = source.randint(at, len(line))
        other = source.choice((self._iamat, self._whatsat))()
        mutants = (
            line[:at] + bytes(byte ^ 1 << source.randrange(8) for byte in line[at : at + 1]) + line[at + 1 :],
            line[:at],
            line[:at] + source.randbytes(source.randint(1, 4)) + line[at:],
            line[:end] + line[at:end] * source.choice((1, 2, 30)) + line[end:],
            line[:at] + other[source.randrange(len(other)) :],
            line[:at] + source.choice((b"\r", b"\n", b"\r\n", b" ", b"\x00")) + line[at:],
            line[:at] + b"9" * source.choice((20, 100, 1000)) + line[at:],
        )
        return source.choice(mutants)


def _chance(source: random.Random, share: float) -> bool:
    return source.random() < share

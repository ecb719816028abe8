"""How clients spell what they say: ids, positions, times, blanks and endings, as the protocol lets them.

Most lines are as in the specification. The others are as right: an id that is no ASCII, or as long as may be;
a time with fewer digits, or more, or zeros that mean nothing; fields with more than a blank between them;
lines that end as telnet's do. Two times a nanosecond apart, and two spellings of one time, are where a
program errs that takes them for floats.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

from herd.core.limits import Limits
from herd.sim.engine.chance import Stream

NS_PER_S: Final = 10**9
NONSENSE: Final = (
    "IAMAT",
    "IAMAT kiwi.cs.ucla.edu",
    "IAMAT kiwi +34.0-118.4 now",
    "IAMAT kiwi +34.0-118.4 -1.5",
    "WHATSAT kiwi 100 5",
    "WHATSAT kiwi 10 21",
    "WHATSAT\tkiwi 10  21 ",
    "HELLO",
    "HELLO  ",
    "AT Alford +0.1 kiwi +34.0-118.4 1.5",
    "",
    " \t ",
)

_LONGEST_ID: Final = Limits().client_id_bytes
_DIGITS: Final = (0, 3, 6)
"""Decimals of times that are given with fewer than nine: seconds, milliseconds, microseconds."""


@frozen
class Dialect:
    """Draws how things are spelled; `strange` is the share of ids, and of lines, that are not as usual."""

    stream: Stream
    strange: float

    def client_id(self, name: str) -> str:
        """Draw a client's id: another one in each seed, so that it falls into another leaf of the digests."""
        client_id = f"{name}.{self.stream.integer(0, 0xFFFF_FFFF):08x}"
        if not self._is_strange():
            return client_id
        if self.stream.chance(0.5):
            return f"{client_id}.kākāpō"
        left = _LONGEST_ID - len(client_id)
        return client_id + "-" * (left % 2) + "é" * (left // 2)

    def line(self, *fields: str) -> str:
        r"""Draw how fields become a line; its `\n` is left out, a `\r` before it is not."""
        line = " ".join(fields)
        if self._is_strange():
            between = self.stream.choice((" ", "  ", "\t"))
            first, last = self.stream.choice(("", " ")), self.stream.choice(("", " ", " \t"))
            line = first + between.join(fields) + last
        return line + ("\r" if self._is_strange() else "")

    def time(self, time_ns: int) -> str:
        """Draw how a time is spelled: to the nanosecond, or with fewer digits, or with more."""
        seconds, nanoseconds = divmod(time_ns, NS_PER_S)
        usual = f"{seconds}.{nanoseconds:09}"
        if not self._is_strange():
            return usual
        kind = self.stream.choice(("fewer", "more", "zeros after it", "zeros before it"))
        if kind == "fewer":
            return usual[: len(usual) - 9 + self.stream.choice(_DIGITS)].rstrip(".")
        if kind == "more":
            return f"{usual}{self.stream.integer(0, 999):03}"
        return f"{usual}000" if kind == "zeros after it" else f"0{usual}"

    def position(self) -> str:
        """Draw a position, and with how many decimals it is given."""
        digits = self.stream.choice((0, 1, 9)) if self._is_strange() else 6
        latitude, longitude = self.stream.uniform(-90, 90), self.stream.uniform(-180, 180)
        return f"{latitude:+.{digits}f}{longitude:+.{digits}f}"

    def radius(self) -> str:
        """Draw a radius in kilometers: at most 50, now and then a part of one, or none."""
        whole = str(self.stream.integer(1, 50))
        return self.stream.choice(("0", "0.5", "7.25", "010", "50.000")) if self._is_strange() else whole

    def _is_strange(self) -> bool:
        return self.stream.chance(self.strange)

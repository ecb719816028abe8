"""What the client protocol says about the answers to any bytes, written a second time and plainly.

It shares no code with herd: it goes line by line, computes with fractions, and holds one dictionary. It is
given what one connection sent and what came back, and the server's clock at the time, exactly or within
bounds; it follows every record and raises `Wrong` at the first answer that the protocol does not allow.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

NS: Final = 10**9
_REFUSAL: Final = re.compile(rb"\? [ -~]+\n")
_MAX_BOUND: Final = 20
_FIELDS: Final = 4


class Wrong(Exception):  # noqa: N818 - the answer is
    """An answer, or a silence, that the protocol does not allow."""


@frozen
class Clock:
    """The server's clock in POSIX nanoseconds when it read a line: no earlier, no later."""

    low_ns: int
    high_ns: int


@frozen
class Record:
    """An AT line, and what orders it."""

    line: bytes
    time: Fraction
    origin: bytes
    client_id: bytes

    def order(self) -> tuple[Fraction, bytes, bytes]:
        """Return the key by which the newest record is the greatest."""
        return (self.time, self.origin, self.line)

    def received_ns(self) -> int:
        """Return when the origin received it, as the line says."""
        difference = Fraction(self.line.split(b" ")[2].decode())
        return ((difference + self.time) * NS).__floor__()


@frozen
class Question:
    """What a server is to ask its places provider."""

    position: bytes
    radius: bytes
    bound: int


@define
class Oracle:
    """One server whose only visitors are these connections. `capacity`: clients held; None for no bound."""

    origin: bytes
    line_bytes: int
    client_id_bytes: int
    capacity: int | None = None
    check_places: Callable[[Question, dict[str, Any]], None] = lambda _question, _places: None
    records: dict[bytes, Record] = field(factory=dict)
    counts: Counter[str] = field(factory=Counter)

    def check(
        self, sent: bytes, got: bytes, clock_at: Callable[[int], Clock], *, ended: bool, broken: bool = False
    ) -> None:
        """Check all answers of one connection; `clock_at(n)` tells when the server had read n bytes.

        `ended`: the client half-closed after what it sent. `broken`: the connection was reset, so that
        answers at the end may be missing, though every whole line was read.
        """
        answers = _Answers(got, broken=broken)
        for line, end in _lines(sent, ended=ended):
            if len(line) > self.line_bytes:
                self.counts["too long"] += 1
                answers.take_refusal()
                break
            if not line.endswith(b"\n") and not ended:
                break
            self._check_line(line, clock_at(end), answers)
        answers.finish()

    def _check_line(self, line: bytes, clock: Clock, answers: _Answers) -> None:
        ending = b"\r\n" if line.endswith(b"\r\n") else b"\n"
        fields = split(line)
        if self._is_iamat(fields):
            self.counts["IAMAT"] += 1
            record = self._report(fields, clock, answers, ending)
            answers.take(record.line + ending, line)
        elif self._is_whatsat(fields) and fields[1] in self.records:
            self.counts["WHATSAT"] += 1
            self._check_whatsat(fields, ending, line, answers)
        else:
            self.counts["invalid"] += 1
            answers.take(b"? " + line + (b"" if line.endswith(b"\n") else b"\n"), line)

    def _is_iamat(self, fields: list[bytes]) -> bool:
        return (
            len(fields) == _FIELDS
            and fields[0] == b"IAMAT"
            and len(fields[1]) <= self.client_id_bytes
            and is_position(fields[2])
            and is_decimal(fields[3])
        )

    def _is_whatsat(self, fields: list[bytes]) -> bool:
        return (
            len(fields) == _FIELDS
            and fields[0] == b"WHATSAT"
            and len(fields[1]) <= self.client_id_bytes
            and is_decimal(fields[2])
            and Fraction(fields[2].decode()) <= 50  # noqa: PLR2004 - kilometers
            and fields[3].isdigit()
            and int(fields[3]) <= _MAX_BOUND
        )

    def _report(self, fields: list[bytes], clock: Clock, answers: _Answers, ending: bytes) -> Record:
        """Return the record that the server must answer with, and follow it."""
        _, client_id, position, time = fields
        held = self.records.get(client_id)
        if held is not None and held.line.endswith(b" ".join([b"", client_id, position, time])):
            return held
        seconds = Fraction(time.decode())
        if held is not None and seconds < held.time:
            return held
        if clock.low_ns == clock.high_ns:
            made = self._made(fields, elapsed_ns(clock.low_ns, seconds))
        else:
            made = self._read(fields, clock, answers, ending)
        if held is not None and made.order() <= held.order():
            return held
        self.records[client_id] = made
        self._evict()
        return made

    def _made(self, fields: list[bytes], elapsed: int) -> Record:
        _, client_id, position, time = fields
        line = b" ".join([b"AT", self.origin, signed(elapsed), client_id, position, time])
        return Record(line, Fraction(time.decode()), self.origin, client_id)

    def _read(self, fields: list[bytes], clock: Clock, answers: _Answers, ending: bytes) -> Record:
        """Return the record that the answer shows, if the clock allows it; it may be the one held."""
        answer = answers.peek_line(ending)
        held = self.records.get(fields[1])
        time = Fraction(fields[3].decode())
        if held is not None and answer == held.line and time == held.time:
            return held
        parts = answer.split(b" ")
        if len(parts) < _FIELDS or not re.fullmatch(rb"[+-][0-9]+\.[0-9]{9}", parts[2]):
            raise Wrong(f"{answer!r} answers {b' '.join(fields)!r}")
        elapsed = int(parts[2].replace(b".", b""))
        if not elapsed_ns(clock.low_ns, time) <= elapsed <= elapsed_ns(clock.high_ns, time):
            raise Wrong(f"{answer!r} has not the server's clock in it")
        return self._made(fields, elapsed)

    def _evict(self) -> None:
        if self.capacity is not None and len(self.records) > self.capacity:
            oldest = min(self.records.values(), key=lambda record: (record.received_ns(), record.client_id))
            del self.records[oldest.client_id]

    def _check_whatsat(self, fields: list[bytes], ending: bytes, line: bytes, answers: _Answers) -> None:
        record = self.records[fields[1]]
        answers.take(record.line + ending, line)
        text = answers.take_until(ending * 2, line)
        if text is None:
            return
        question = Question(record.line.split(b" ")[-2], fields[2], int(fields[3]))
        try:
            places = json.loads(text)
        except ValueError as error:
            raise Wrong(f"{text!r} is no JSON: {error}") from None
        if not isinstance(places, dict) or text != text.strip(b"\r\n") or b"\n\n" in text:
            raise Wrong(f"{text!r} is no JSON object without blank lines")
        if not (isinstance(places.get("html_attributions"), list) and isinstance(places.get("status"), str)):
            raise Wrong(f"{text!r} lacks html_attributions or status")
        if not isinstance(places.get("results"), list) or len(places["results"]) > question.bound:
            raise Wrong(f"{text!r} has no results, or more than {question.bound}")
        self.check_places(question, places)


class _Answers:
    """What came back, taken piece by piece."""

    def __init__(self, got: bytes, *, broken: bool) -> None:
        self._got = got
        self._at = 0
        self._broken = broken

    def _is_over(self) -> bool:
        """Tell whether nothing more can be compared, as the connection broke."""
        return self._broken and self._at == len(self._got)

    def take(self, expected: bytes, line: bytes) -> None:
        if self._got.startswith(expected, self._at):
            self._at += len(expected)
        elif not self._broken or not expected.startswith(self._got[self._at :]):
            found = self._got[self._at : self._at + len(expected) + 60]
            raise Wrong(f"{line!r} was answered {found!r} and not {expected!r}")
        else:
            self._at = len(self._got)

    def peek_line(self, ending: bytes) -> bytes:
        end = self._got.find(ending, self._at)
        if end < 0:
            raise Wrong(f"an answer is missing after {self._got[: self._at][-100:]!r}")
        return self._got[self._at : end]

    def take_until(self, mark: bytes, line: bytes) -> bytes | None:
        if self._is_over():
            return None
        end = self._got.find(mark, self._at)
        if end < 0:
            if self._broken:
                self._at = len(self._got)
                return None
            raise Wrong(f"the places that answer {line!r} have no end: {self._got[self._at :]!r}")
        text = self._got[self._at : end]
        self._at = end + len(mark)
        return text

    def take_refusal(self) -> None:
        match = _REFUSAL.fullmatch(self._got, self._at)
        if match is not None:
            self._at = match.end()
        elif not self._is_over():
            raise Wrong(f"a line over the limit was answered {self._got[self._at :]!r}")

    def finish(self) -> None:
        if self._at != len(self._got):
            raise Wrong(f"nobody asked for {self._got[self._at : self._at + 200]!r}")


def _lines(sent: bytes, *, ended: bool) -> Iterator[tuple[bytes, int]]:
    """Yield each line with its ending, and where it ends; the last one may have none."""
    start = 0
    while start < len(sent):
        newline = sent.find(b"\n", start)
        end = newline + 1 if newline >= 0 else len(sent)
        yield sent[start:end], end if newline >= 0 or not ended else len(sent) + 1
        start = end


def split(line: bytes) -> list[bytes]:
    """Return the fields of a line."""
    return re.findall(rb"[^ \t\r\n\f\v]+", line)


def is_decimal(text: bytes) -> bool:
    """Tell whether a text is digits, with or without a point and more digits."""
    whole, point, fraction = text.partition(b".")
    return whole.isdigit() and (fraction.isdigit() if point else True)


def is_position(text: bytes) -> bool:
    """Tell whether a text is two signed decimals, of which the first is in ±90 and the second in ±180."""
    second = max(text.rfind(b"+"), text.rfind(b"-"))
    if second <= 0 or text[:1] not in {b"+", b"-"}:
        return False
    latitude, longitude = text[1:second], text[second + 1 :]
    return (
        is_decimal(latitude)
        and is_decimal(longitude)
        and Fraction(latitude.decode()) <= 90  # noqa: PLR2004 - degrees
        and Fraction(longitude.decode()) <= 180  # noqa: PLR2004 - degrees
    )


def elapsed_ns(now_ns: int, time: Fraction) -> int:
    """Return the server's clock minus the client's, to the nearest nanosecond, half to even."""
    return round(now_ns - time * NS)


def signed(elapsed: int) -> bytes:
    """Write nanoseconds as seconds: always a sign, always nine decimals."""
    return b"%b%d.%09d" % (b"-" if elapsed < 0 else b"+", abs(elapsed) // NS, abs(elapsed) % NS)

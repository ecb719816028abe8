r"""What one connection has asked, and whether what comes back answers it. No socket is known here.

Answers come in order. The answer to an IAMAT is one line that begins with `AT ` and ends with the report
itself; the answer to a WHATSAT is such a line, JSON, and two line endings.

Where a chunk holds nothing but right answers to IAMATs it is taken as a whole, at a fraction of a microsecond
each; anything else is taken answer by answer, which is the specification that the fast way is tested against.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from attrs import define, field
from loading.commands import WHATSAT
from loading.latencies import Latencies
from loading.plan import NS_PER_US

_SHOWN: Final = 200
"""Bytes of an answer that a complaint shows."""


@define
class Tally:
    """What has come of a load, over all connections of a process."""

    sent: int = 0
    iamat: int = 0
    whatsat: int = 0
    wrong: int = 0
    """Answers that do not answer what was sent."""
    refused: int = 0
    """Answers that begin with a question mark."""
    lost: int = 0
    """Connections that ended while they were needed."""
    complaint: str | None = None
    """The first thing that was not right."""
    latency: Latencies = field(factory=Latencies)

    @property
    def answered(self) -> int:
        """Return how many right answers there were."""
        return self.iamat + self.whatsat

    @property
    def unanswered(self) -> int:
        """Return how many commands have no answer."""
        return self.sent - self.answered - self.wrong - self.refused

    @property
    def failed(self) -> int:
        """Return how much was not right so far, while answers may still come."""
        return self.wrong + self.refused + self.lost

    def complain(self, text: str) -> None:
        """Keep the first complaint."""
        self.complaint = self.complaint or text


class Conversation:
    """The commands of one connection that wait for their answers."""

    def __init__(self, tally: Tally, *, is_fast: bool = True) -> None:
        self._tally = tally
        self._is_fast = is_fast
        self._dues: deque[int] = deque()
        self._endings: deque[bytes] = deque()
        self._rest = b""

    def __len__(self) -> int:
        return len(self._dues)

    def sent(self, dues_ns: list[int], endings: list[bytes]) -> None:
        """Note commands that were sent, and when they were due."""
        self._tally.sent += len(dues_ns)
        self._dues += dues_ns
        self._endings += endings

    def feed(self, data: bytes, now_ns: int) -> None:
        """Take what was received."""
        data = self._rest + data if self._rest else data
        end = data.rfind(b"\n") + 1
        if not (self._is_fast and end and self._take_all(data[:end], now_ns)):
            end = self._take_each(data, now_ns)
        self._rest = data[end:]

    def _take_all(self, whole: bytes, now_ns: int) -> bool:
        """Take lines as the right answers to so many IAMATs; if they are not, do nothing."""
        lines = whole.split(b"\n")
        lines.pop()
        count, endings = len(lines), self._endings
        if count > len(endings):
            return False
        expected = [endings.popleft() for _ in lines]
        is_right = (
            whole.startswith(b"AT ")
            and whole.count(b"\nAT ") == count - 1
            and all(expected)
            and all(map(bytes.endswith, lines, expected))
        )
        if not is_right:
            endings.extendleft(reversed(expected))
            return False
        dues = self._dues
        taken = [dues.popleft() for _ in lines]
        self._tally.iamat += count
        if taken[0] == taken[-1]:
            self._tally.latency.add((now_ns - taken[0]) // NS_PER_US, count)
        else:
            self._tally.latency.add_all([(now_ns - due_ns) // NS_PER_US for due_ns in taken])
        return True

    def _take_each(self, data: bytes, now_ns: int) -> int:
        at = 0
        while (end := self._end_of_answer(data, at)) is not None:
            self._take(data[at:end], now_ns)
            at = end
        return at

    def _end_of_answer(self, data: bytes, at: int) -> int | None:
        is_long = self._endings and self._endings[0] is WHATSAT and not data.startswith(b"?", at)
        mark = b"\n\n" if is_long else b"\n"
        end = data.find(mark, at)
        return None if end < 0 else end + len(mark)

    def _take(self, answer: bytes, now_ns: int) -> None:
        tally = self._tally
        if not self._dues:
            tally.complain(f"an answer that nobody asked for: {answer[:_SHOWN]!r}")
            tally.wrong += 1
            tally.sent += 1  # so that it counts as one error, not as less than none
            return
        due_ns, ending = self._dues.popleft(), self._endings.popleft()
        if answer.startswith(b"?"):
            tally.refused += 1
            tally.complain(f"refused: {answer[:_SHOWN]!r}")
        elif not answer.startswith(b"AT ") or not answer.endswith((ending or b"}\n") + b"\n"):
            tally.wrong += 1
            tally.complain(f"a wrong answer: {answer[:_SHOWN]!r} to {ending[1:_SHOWN]!r}")
        else:
            tally.latency.add((now_ns - due_ns) // NS_PER_US)
            if ending:
                tally.iamat += 1
            else:
                tally.whatsat += 1

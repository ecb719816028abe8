"""Histories written by hand: who said what to whom, from when to when, and what came back."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from attrs import evolve

from herd.sim.herds.checker import check
from herd.sim.herds.circumstances import Circumstances
from herd.sim.herds.history import Ending, History

if TYPE_CHECKING:
    from herd.sim.herds.violation import Violation

S = 10**9
EPOCH_S = 1_700_000_000
PLACES = b'{"html_attributions": [], "results": [{"name": "a"}, {"name": "b"}], "status": "OK"}'
HERD = Circumstances(
    neighbors={"Alford": ("Ball",), "Ball": ("Alford", "Welsh"), "Welsh": ("Ball",)}, epoch_ns=EPOCH_S * S
)

CALM: dict[str, Any] = {"calm_ns": 100 * S, "settle_ns": 30 * S, "patience_ns": 20 * S}


def record(
    time: str, received_s: float, *, origin: str = "Alford", position: str = "+1-1", client: str = "kiwi"
) -> bytes:
    """The AT line of a report that its origin received at that virtual time."""
    off = EPOCH_S + Decimal(str(received_s)) - Decimal(time)
    return f"AT {origin} {off:+.9f} {client} {position} {time}".encode()


class Story:
    """A history in the making; times are virtual seconds."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.history = History(lambda: round(self.now_s * S))

    def session(self, server: str = "Alford", since_s: float = 0.0) -> int:
        self.now_s = since_s
        return self.history.open("somebody", server)

    def say(
        self, session: int, command: bytes, begin_s: float, end_s: float | None = None, answer: bytes = b""
    ) -> int:
        self.now_s = begin_s
        number = self.history.begin(session, command)
        if end_s is not None:
            self.now_s = end_s
            self.history.answer(number, answer)
        return number

    def report(  # noqa: PLR0917 - a line of a story
        self,
        session: int,
        time: str,
        begin_s: float,
        end_s: float | None = None,
        line: bytes = b"",
        position: str = "+1-1",
    ) -> int:
        command = f"IAMAT kiwi {position} {time}\n".encode()
        return self.say(session, command, begin_s, end_s, line + b"\n")

    def ask(self, session: int, begin_s: float, end_s: float, line: bytes | None, bound: int = 2) -> int:
        command = b"WHATSAT kiwi 10 %d\n" % bound
        answer = b"? " + command if line is None else line + b"\n" + PLACES + b"\n\n"
        return self.say(session, command, begin_s, end_s, answer)

    def close(self, session: int, ending: Ending, at_s: float, unasked: bytes = b"") -> None:
        self.now_s = at_s
        self.history.close(session, ending, unasked)

    def wrong(self, end_s: float = 1000.0, **circumstances: Any) -> list[Violation]:
        self.now_s = end_s
        self.history.finish()
        return check(self.history, evolve(HERD, **circumstances))

    def names(self, end_s: float = 1000.0, **circumstances: Any) -> list[tuple[str, tuple[int, ...]]]:
        """What is wrong, by name, with the numbers of the operations that show it."""
        found = self.wrong(end_s, **circumstances)
        return [(each.name, tuple(operation.number for operation in each.operations)) for each in found]

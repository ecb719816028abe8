"""What clients of a herd sent and saw, as data: the evidence from which a run is judged.

An answer shows what a server held at some moment between the command's leaving and the answer's coming, and
all that is kept of time are these two moments. They are nanoseconds of one clock, the simulation's own, which
no program has. Bytes stand in JSON as text; those that are no UTF-8 become lone surrogates, and come back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Literal, TypeAlias

from attrs import define, evolve, field, fields, frozen

from herd.core.errors import HerdError
from herd.core.limits import Limits
from herd.sim.herds.protocol import is_query, is_report

Kind: TypeAlias = Literal["report", "query", "invalid"]
"""A valid IAMAT, a valid WHATSAT, and all that is answered with a question mark."""

Ending: TypeAlias = Literal["open", "client", "server", "lost"]
"""How a session ended: not yet; closed by the client; closed in order by the server; broken."""

VERSION: Final = 1


@frozen
class Session:
    """One connection of one client to one server. Times are virtual nanoseconds."""

    number: int
    client: str
    """The program that holds it."""
    server: str
    begin_ns: int
    end_ns: int | None = None
    ending: Ending = "open"
    unasked: bytes = b""
    """What came with no command waiting for an answer."""


@frozen
class Operation:
    """One command and its answer."""

    number: int
    """Its place in the order in which commands left, over all sessions."""
    session: int
    server: str
    kind: Kind
    command: bytes
    """As it was sent, its line ending included."""
    begin_ns: int
    end_ns: int | None = None
    """When the whole answer had come; None for a command that was never answered."""
    answer: bytes | None = None
    """As it came, its line endings included."""


@frozen
class Encounter:
    """A connection of a stranger to the port for neighbors, and all that it was told there."""

    client: str
    server: str
    begin_ns: int
    said: bytes
    end_ns: int | None = None
    told: bytes = b""


def kind_of(command: bytes, client_id_bytes: int) -> Kind:
    """Tell what a line is, as a server with that limit sees it."""
    if is_report(command, client_id_bytes):
        return "report"
    return "query" if is_query(command, client_id_bytes) else "invalid"


@define
class History:
    """Everything that clients of one run sent and saw; also what they write it down with."""

    now_ns: Callable[[], int] = field(default=lambda: 0, eq=False)
    """The clock of the record."""
    client_id_bytes: int = Limits().client_id_bytes
    """The longest client id that the herd takes: a longer one makes a command invalid."""
    sessions: list[Session] = field(factory=list)
    operations: list[Operation] = field(factory=list)
    encounters: list[Encounter] = field(factory=list)
    end_ns: int | None = None
    """When the last look was taken; None while the run goes on."""

    def open(self, client: str, server: str) -> int:
        """Note that a connection was made; return the session's number."""
        number = len(self.sessions)
        self.sessions.append(Session(number, client, server, self.now_ns()))
        return number

    def close(self, session: int, ending: Ending, unasked: bytes = b"") -> None:
        """Note how a connection ended, and what came that nobody had asked for."""
        old = self.sessions[session]
        self.sessions[session] = evolve(old, end_ns=self.now_ns(), ending=ending, unasked=unasked)

    def begin(self, session: int, command: bytes) -> int:
        """Note a command that is about to leave; return the operation's number."""
        number = len(self.operations)
        kind = kind_of(command, self.client_id_bytes)
        server = self.sessions[session].server
        self.operations.append(Operation(number, session, server, kind, command, self.now_ns()))
        return number

    def answer(self, operation: int, answer: bytes) -> None:
        """Note the whole answer to a command."""
        old = self.operations[operation]
        self.operations[operation] = evolve(old, end_ns=self.now_ns(), answer=answer)

    def meet(self, client: str, server: str, said: bytes) -> int:
        """Note that a stranger is at a port for neighbors, and says something; return the number."""
        self.encounters.append(Encounter(client, server, self.now_ns(), said))
        return len(self.encounters) - 1

    def part(self, encounter: int, said: bytes, told: bytes) -> None:
        """Note all that a stranger said, and was told."""
        old = self.encounters[encounter]
        self.encounters[encounter] = evolve(old, end_ns=self.now_ns(), said=said, told=told)

    def finish(self) -> None:
        """Note that the run is over: nothing that comes later is seen."""
        self.end_ns = self.now_ns()

    @property
    def unanswered(self) -> list[Operation]:
        """Return the commands that have no answer."""
        return [each for each in self.operations if each.answer is None]

    def to_lines(self) -> Iterator[str]:
        """Yield the history as lines of JSON, without line endings: one to begin with, then one a fact."""
        head = {"history": VERSION, "end_ns": self.end_ns, "client_id_bytes": self.client_id_bytes}
        yield json.dumps(head)
        for name, kind in _FACTS.items():
            for fact in getattr(self, f"{name}s"):
                values = [getattr(fact, each.name) for each in fields(kind)]
                yield json.dumps(
                    [name, *(_text(each) if isinstance(each, bytes) else each for each in values)]
                )

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> History:
        """Read what `to_lines` gave; a `HerdError` names the line that is no such thing."""
        history: History | None = None
        for number, line in enumerate(lines, start=1):
            try:
                data = json.loads(line)
                if history is None:
                    history = _begun(data)
                else:
                    name, *values = data
                    getattr(history, f"{name}s").append(_FACTS[name](*_restored(_FACTS[name], values)))
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                raise HerdError(f"line {number} is not of a history of version {VERSION}: {error}") from None
        if history is None:
            raise HerdError("a history has at least one line, and there is none")
        return history


_FACTS: Final[dict[str, Any]] = {"session": Session, "operation": Operation, "encounter": Encounter}
_BYTES: Final = frozenset({"bytes", "bytes | None"})


def _begun(head: Any) -> History:
    if head["history"] != VERSION:
        raise ValueError(f"it is of version {head['history']}")
    return History(end_ns=head["end_ns"], client_id_bytes=head["client_id_bytes"])


def _restored(kind: Any, values: list[Any]) -> Iterator[Any]:
    for attribute, value in zip(fields(kind), values, strict=True):
        is_text = attribute.type in _BYTES and isinstance(value, str)
        yield value.encode("utf-8", "surrogateescape") if is_text else value


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")

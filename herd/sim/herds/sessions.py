"""Every valid command gets exactly one answer, in order: checked session by session.

A command may stay unanswered where its connection was lost, or its client left. Where the server closed it in
order though it lives on, an answer is missing. So it is where the connection stayed, or broke, though nothing
was wrong any more; of a connection from before the calm that is known only when it has brought something
since, as TCP may wait for a minute before it tries again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from herd.sim.engine.clock import NS_PER_S
from herd.sim.herds.answering import Reader, Sighting, WrongAnswerError, fields_of, is_limit
from herd.sim.herds.protocol import refusal
from herd.sim.herds.violation import Violation, at_s, shown

if TYPE_CHECKING:
    from herd.sim.herds.circumstances import Circumstances
    from herd.sim.herds.history import History, Operation, Session


def check_sessions(
    history: History, circumstances: Circumstances, reader: Reader, violations: list[Violation]
) -> list[Sighting]:
    """Add what is wrong to `violations`; return what operations with right answers show."""
    operations: list[list[Operation]] = [[] for _ in history.sessions]
    for each in history.operations:
        operations[each.session].append(each)
    sightings: list[Sighting] = []
    for session, own in zip(history.sessions, operations, strict=True):
        _SessionCheck(session, own, circumstances, violations).run(reader, sightings, history.end_ns)
    return sightings


class _SessionCheck:
    """One session and its operations, in the order in which they left."""

    def __init__(
        self,
        session: Session,
        operations: list[Operation],
        circumstances: Circumstances,
        violations: list[Violation],
    ) -> None:
        self._session = session
        self._operations = operations
        self._circumstances = circumstances
        self._violations = violations
        self._is_refused = is_limit(session.unasked)
        self._alive_ns: int | None = None
        """Since when nothing is wrong with the connection, and nothing can be any more."""
        calm_ns = circumstances.calm_ns
        if calm_ns is not None:
            ends = [session.begin_ns, *(each.end_ns for each in operations if each.end_ns is not None)]
            self._alive_ns = min((each for each in ends if each >= calm_ns), default=None)

    def run(self, reader: Reader, sightings: list[Sighting], end_ns: int | None) -> None:
        """Check all."""
        latest_ns = 0
        first_missing: Operation | None = None
        for each in self._operations:
            if each.answer is None or each.end_ns is None:
                first_missing = first_missing or each
                continue
            if first_missing is not None:
                text = f"{each.server} answered {shown(each.command)} and not {shown(first_missing.command)}"
                self._complain("missing answer", f"{text}, which came before it", first_missing, each)
                first_missing = None
            if each.end_ns < latest_ns:
                self._complain("out of order", f"{shown(each.command)} was answered too early", each)
            latest_ns = max(latest_ns, each.end_ns)
            self._read(each, reader, sightings)
        if first_missing is not None:
            self._check_missing(first_missing, end_ns)
        if self._session.unasked and not self._is_refused:
            text = f"{self._session.server} sent what nobody asked for: {shown(self._session.unasked)}"
            self._complain("unasked answer", text, *self._operations[-1:])

    def _read(self, operation: Operation, reader: Reader, sightings: list[Sighting]) -> None:
        answer = operation.answer or b""
        if answer != refusal(operation.command) and is_limit(answer):
            self._is_refused = True
            return
        try:
            sighting = reader.read(operation)
        except WrongAnswerError as error:
            name, reason = error.name, error.text
            if name in _OF_ANOTHER and any(_lacks(other, answer) for other in self._operations):
                name, reason = "out of order", "it answers another command of this connection"
            text = f"{operation.server} answered {shown(operation.command)} with {shown(answer)}: {reason}"
            self._complain(name, text, operation)
            return
        if sighting is not None:
            sightings.append(sighting)
        if operation.kind == "report":
            self._check_prompt(operation)
            if sighting is None:
                self._check_refused(operation)

    def _check_prompt(self, operation: Operation) -> None:
        """Find a report that had to wait though the herd was seen to have settled: nothing was in the way."""
        settled_ns, prompt_ns = self._circumstances.seen_settled_ns, self._circumstances.prompt_ns
        if settled_ns is None or prompt_ns is None or operation.begin_ns < settled_ns:
            return
        took_ns = 0 if operation.end_ns is None else operation.end_ns - operation.begin_ns
        if took_ns > prompt_ns:
            text = f"{operation.server} took {took_ns / NS_PER_S:.3f} s to answer "
            self._complain("late answer", text + shown(operation.command), operation)

    def _check_refused(self, operation: Operation) -> None:
        """Find a valid report that was refused where no promise was in the way."""
        circumstances = self._circumstances
        settled_ns = circumstances.settled_ns
        promises_nothing = circumstances.durability_of(operation.server) == "memory"
        is_calm = settled_ns is not None and operation.begin_ns >= settled_ns and not circumstances.dead
        if promises_nothing or is_calm:
            why = "answers promise nothing there" if promises_nothing else "nothing kept it from its promise"
            text = f"{operation.server} refused {shown(operation.command)}, though {why}"
            self._complain("refused report", text, operation)

    def _check_missing(self, operation: Operation, end_ns: int | None) -> None:
        """Tell of the first command whose answer, and those after it, never came, if that must not be."""
        session, alive_ns = self._session, self._alive_ns
        over_ns = session.end_ns if session.end_ns is not None else end_ns
        if over_ns is None or session.ending == "client" or self._is_refused:
            return
        if self._circumstances.may_have_forgotten(session.server, session.begin_ns, over_ns):
            return
        if session.ending == "server":
            how = f"closed the connection in order at {at_s(over_ns)}"
        elif alive_ns is None:
            return
        elif session.ending == "lost":
            how = f"broke the connection at {at_s(over_ns)}, though all was well since {at_s(alive_ns)}"
        else:
            if over_ns < max(alive_ns, operation.begin_ns) + self._circumstances.patience_ns:
                return
            how = f"said nothing until {at_s(over_ns)}"
        text = f"{session.server} {how}, and did not answer {shown(operation.command)} of "
        self._complain("missing answer", text + at_s(operation.begin_ns), operation)

    def _complain(self, name: str, text: str, *operations: Operation) -> None:
        self._violations.append(Violation("answers", name, text, operations))


_OF_ANOTHER: Final = frozenset({"wrong echo", "another client's answer"})
"""What an answer that is right in itself, but in the wrong place, is found to be."""


def _lacks(operation: Operation, answer: bytes) -> bool:
    """Tell whether an operation was answered otherwise, and this could be its answer."""
    if operation.answer == answer:
        return False
    if operation.kind == "invalid" or answer.startswith(b"?"):
        return answer == refusal(operation.command)
    fields = fields_of(answer.partition(b"\n")[0].rstrip(b"\r"))
    return fields is not None and fields[1] == operation.command.split()[1]

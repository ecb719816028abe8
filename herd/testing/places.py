"""Places whose answers a test gives by hand, when it likes and in the order that it likes."""

from __future__ import annotations

from attrs import define
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from herd.places.answers import found, place
from herd.places.interfaces import Answer, IPlaces, Question


def answer_of(*names: str) -> Answer:
    """Return an answer with places of these names, all at one point."""
    return found([place(name, 34.0, -118.0, f"id of {name}") for name in names])


@define(eq=False)
class Asked:
    """One question that waits. `is_withdrawn` tells whether who asked has given it up."""

    question: Question
    is_withdrawn: bool
    _result: Deferred[Answer]

    def answer(self, *names: str) -> None:
        """Answer with places of these names."""
        self._result.callback(answer_of(*names))

    def fail(self, error: Exception) -> None:
        """Fail as a provider does whose network is down, or who has a bug."""
        self._result.errback(error)


@implementer(IPlaces)
class HeldPlaces:
    """Places that answer when the test says so; with `names` given, every question at once."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.asked: list[Asked] = []
        """Every question so far, in order, but for those that were answered at once."""
        self.is_closed = False

    def near(self, question: Question) -> Deferred[Answer]:
        """Hold the question, or answer it."""
        if self.names:
            return succeed(answer_of(*self.names))
        asked = Asked(question, False, Deferred(lambda _: setattr(asked, "is_withdrawn", True)))  # noqa: FBT003
        self.asked.append(asked)
        return asked._result  # noqa: SLF001 - the two are one thing

    def close(self) -> Deferred[None]:
        """Remember it."""
        self.is_closed = True
        return succeed(None)

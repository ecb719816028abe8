"""Answers in the order of their commands, though some are known later than others.

A client has no other way to match answers to commands, so an answer that is ready waits for those before it.
"""

from __future__ import annotations

from collections import deque

from attrs import define


@define(eq=False)
class Slot:
    """The place of one answer in the order; `answer` is None until it is known."""

    answer: bytes | None = None


class AnswerQueue:
    """The answers of one connection."""

    def __init__(self) -> None:
        self.slots: deque[Slot] = deque()
        """The answers that wait for one that is not known yet, that one included."""
        self._ready: list[bytes] = []

    def __len__(self) -> int:
        """Return how many answers wait."""
        return len(self.slots)

    def add(self, answer: bytes) -> None:
        """Append an answer that is known."""
        if self.slots:
            self.slots.append(Slot(answer))
        else:
            self._ready.append(answer)

    def reserve(self) -> Slot:
        """Append an answer that will be known later."""
        slot = Slot()
        self.slots.append(slot)
        return slot

    def fill(self, slot: Slot, answer: bytes) -> None:
        """Make a reserved answer known."""
        slot.answer = answer
        while self.slots and self.slots[0].answer is not None:
            self._ready.append(self.slots.popleft().answer or b"")

    def take(self) -> bytes:
        """Take all answers that may be sent now, joined."""
        if not self._ready:
            return b""
        ready, self._ready = self._ready, []
        return b"".join(ready)

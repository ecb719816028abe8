"""Answers in the order of their commands, though some are known later than others.

A client has no other way to match answers to commands, so an answer that is ready waits for those before it.
"""

from __future__ import annotations

from collections import deque

from attrs import define


@define(eq=False)
class Slot:
    """The place of an answer in the order, or of several that become known together: None until then."""

    answer: bytes | None = None
    count: int = 1


class AnswerQueue:
    """The answers of one connection."""

    def __init__(self) -> None:
        self.slots: deque[Slot] = deque()
        """The answers that wait for one that is not known yet, that one included."""
        self._waiting = 0
        self._ready: list[bytes] = []

    def __len__(self) -> int:
        """Return how many answers wait."""
        return self._waiting

    def add(self, answer: bytes, count: int = 1) -> None:
        """Append an answer that is known, or several, joined."""
        if self.slots:
            self._append(Slot(answer, count))
        else:
            self._ready.append(answer)

    def reserve(self, count: int = 1) -> Slot:
        """Append answers that will be known later, all at once."""
        slot = Slot(count=count)
        self._append(slot)
        return slot

    def fill(self, slot: Slot, answer: bytes) -> None:
        """Make reserved answers known, joined."""
        slot.answer = answer
        while self.slots and self.slots[0].answer is not None:
            first = self.slots.popleft()
            self._waiting -= first.count
            self._ready.append(first.answer or b"")

    def _append(self, slot: Slot) -> None:
        self.slots.append(slot)
        self._waiting += slot.count

    def take(self) -> bytes:
        """Take all answers that may be sent now, joined."""
        if not self._ready:
            return b""
        ready, self._ready = self._ready, []
        return b"".join(ready)

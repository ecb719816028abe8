"""Places that a file answers for: the embedded gazetteer and imported extracts."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from twisted.internet.defer import fail, succeed
from zope.interface import implementer

from herd.places.answers import found
from herd.places.failures import ProviderError
from herd.places.interfaces import IPlaces

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from herd.places.interfaces import Answer, Question
    from herd.places.tree import Tree


@implementer(IPlaces)
class TreePlaces:
    """Answers at once, and credits whom the file's fact `attribution` names."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._attribution = tree.facts.get("attribution", "")

    def near(self, question: Question) -> Deferred[Answer]:
        """Return a Deferred that has its answer already."""
        try:
            results = self._tree.near(question.position, question.radius_km, question.bound)
        except sqlite3.Error as error:
            return fail(ProviderError(f"the file of places cannot be read: {error}"))
        return succeed(found(results, [self._attribution] if self._attribution else []))

    def close(self) -> Deferred[None]:
        """Let go of the file."""
        self._tree.close()
        return succeed(None)

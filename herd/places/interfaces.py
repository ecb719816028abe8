"""What a places provider is.

A provider comes in two halves: the *plugin*, found by Twisted in `herd/plugins`, which has a name and knows
how to read its own table of the configuration; and the *places* that it opens, which answer questions. Every
answer has the shape of Google's Nearby Search, whoever gave it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from attrs import field, frozen
from zope.interface import Attribute, Interface

from herd.core.position import Position

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class Answer(TypedDict, total=False):
    """Google's Nearby Search shape, ready to be made JSON. Once given it is nobody's to change."""

    html_attributions: list[str]
    results: list[dict[str, Any]]
    status: str
    error_message: str


@frozen
class Question:
    """What is within `radius_km` of `position`, at most `bound` places, nearest first.

    A provider is asked for 1 to 20 places: the finder answers a bound of 0 itself.
    """

    position: Position
    radius_km: float
    bound: int


@frozen(kw_only=True)
class Surroundings:
    """All that a provider is given of the world: it takes no reactor, clock or randomness from elsewhere."""

    reactor: Any
    """Clock (`IReactorTime`), and what a default agent needs (`IReactorTCP`, name resolution). Places that
    must be built before they answer use its thread pool (`IReactorThreads`) where it has one."""
    random: random.Random
    """The jitter of retries."""
    environ: Mapping[str, str] = field(repr=False)
    """Where keys, and the way to the cache directory, may stand; never shown."""
    in_flight: int = 64
    """How many questions may be under way at one time."""
    timeout_s: float = 5.0
    """The whole time that one question may take, queueing and retries included; `open_finder` keeps it."""
    agent_for: Callable[[Any], Any] | None = None
    """Makes the HTTP agent (`IAgent`) from the reactor; None means Twisted's own."""


class IPlaces(Interface):
    """Places that are open for questions."""

    def near(question: Question) -> Deferred[Answer]:
        """Find places.

        A refusal by the provider is an Answer with its status; a failure (network, garbage) is a Failure.
        """

    def close() -> Deferred[None]:
        """Let go of files and connections."""


class IPlacesProvider(Interface):
    """A plugin: one kind of places."""

    name = Attribute("The word that `[places] provider` uses for it.")
    summary = Attribute("One line for a person.")

    def check(options: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with these options, a line each, without opening anything."""

    def open(options: Mapping[str, Any], surroundings: Surroundings) -> IPlaces:
        """Open places; a `ConfigError` says what is missing (an extra, a key, a file) and how to get it."""

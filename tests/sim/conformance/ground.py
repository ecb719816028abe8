"""A ground: where a case of the conformance suite is played, and what was seen there.

A case is one body. It is given a ground, does with `ground.reactor` what programs do with a reactor, and
notes every event under the name of who saw it. Events of one name are in order; between names nothing is
promised, as between two ends of a real connection. Where reality is free to cut a stream into pieces, the
bytes that come one after the other are one event.
"""

from __future__ import annotations

import gc
import warnings
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from twisted.internet.address import IPv4Address

Event: TypeAlias = str | bytes
Body: TypeAlias = "Callable[[Ground], Coroutine[Any, Any, None] | None]"

HOME: Final = "127.0.0.1"
MOMENT_S: Final = 0.01
"""Long enough, on either ground, for what was sent on loopback to have arrived."""
LITERAL_BYTES: Final = 100
"""A stream that is longer is told by its length and checksum."""


@define(eq=False)
class Ground:
    """Somewhere to play a case.

    `run` runs the reactor until it stops, in cases that are a program of their own. `silent_address` gives a
    host and port from which no answer ever comes, `free_port` a TCP port of loopback on which nobody listens,
    and nobody else will while the case is played. `directory` has a path short enough for sockets.
    """

    reactor: Any
    directory: Path
    run: Callable[[], None]
    silent_address: Callable[[], tuple[str, int]]
    free_port: Callable[[], int]
    _seen: dict[str, list[str | bytearray]] = field(factory=dict)
    _waiting: list[tuple[Callable[[], bool], Deferred[None]]] = field(factory=list)
    _last_acts: list[Callable[[], Any]] = field(factory=list)

    def note(self, who: str, *what: object) -> None:
        """Note an event: texts as they are, everything else as its `repr`, joined by spaces."""
        words = [each if isinstance(each, str) else repr(each) for each in what]
        self._seen.setdefault(who, []).append(" ".join(words))
        self.changed()

    def heard(self, who: str, data: bytes) -> None:
        """Note bytes of a stream; they join those that came just before."""
        events = self._seen.setdefault(who, [])
        if events and isinstance(last := events[-1], bytearray):
            last += data
        else:
            events.append(bytearray(data))
        self.changed()

    def noter(self, who: str, *what: object) -> Callable[..., None]:
        """Return a function that notes this, and the arguments that it is called with."""
        return lambda *arguments: self.note(who, *what, *arguments)

    def raises(self, who: str, function: Callable[..., Any], *arguments: Any, **options: Any) -> None:
        """Call a function and note the class of what it raises."""
        try:
            result = function(*arguments, **options)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the case is about
            self.note(who, "raises", type(error).__name__)
        else:
            self.note(who, "returns", result)

    async def outcome(self, who: str, deferred: Deferred[Any]) -> Any:
        """Wait for a Deferred and note the class of its result, or of its failure; return the result."""
        try:
            result = await deferred
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the case is about
            self.note(who, "fails", type(error).__name__)
            return None
        self.note(who, "fires", type(result).__name__)
        return result

    def until(self, condition: Callable[[], bool]) -> Deferred[None]:
        """Wait until something was noted that makes this true, and then for the next turn of the reactor."""
        fired: Deferred[None] = Deferred()
        self._waiting.append((condition, fired))
        self.changed()
        return fired

    async def until_noted(self, who: str, count: int) -> None:
        """Wait until so many events of this name were noted."""
        await self.until(lambda: len(self._seen.get(who, [])) >= count)

    def changed(self) -> None:
        """Look again at what is waited for."""
        met = [each for each in self._waiting if each[0]()]
        self._waiting = [each for each in self._waiting if each not in met]
        for _, fired in met:
            self.reactor.callLater(0, fired.callback, None)

    def after(self, delay_s: float) -> Deferred[None]:
        """Wait that long."""
        return deferLater(self.reactor, delay_s)

    def turn(self) -> Deferred[None]:
        """Wait for the next turn of the reactor."""
        return self.after(0)

    def moment(self) -> Deferred[None]:
        """Wait until what was sent by now should have arrived."""
        return self.after(MOMENT_S)

    def listen(self, factory: Any, **options: Any) -> Any:
        """Listen on a free port of loopback; the port is closed when the case is over."""
        port = self.reactor.listenTCP(0, factory, interface=HOME, **options)
        self.at_the_end(port.stopListening)
        return port

    def at_the_end(self, function: Callable[[], Any]) -> None:
        """Have this called when the case is over, whatever became of it."""
        self._last_acts.append(function)

    def clean_up(self) -> None:
        """Do what is to be done at the end, the newest first."""
        self._waiting.clear()
        while self._last_acts:
            self._last_acts.pop()()

    def told(self) -> dict[str, list[Event]]:
        """Return what was noted so far, long streams in short."""
        return {
            who: [each if isinstance(each, str) else in_short(bytes(each)) for each in events]
            for who, events in self._seen.items()
        }


def in_short(stream: bytes) -> Event:
    """Return how a stream is told: a long one by its length and checksum."""
    if len(stream) > LITERAL_BYTES:
        return f"{len(stream)} bytes, checksum {zlib.crc32(stream):08x}"
    return stream


def reason_of(failure: Failure) -> str:
    """Return the name of a failure's class."""
    assert isinstance(failure, Failure)
    return type(failure.value).__name__


def port_number(port: Any) -> int:
    """Return the number of the port that something listens on."""
    host: IPv4Address = port.getHost()
    return host.port


@contextmanager
def unclosed() -> Iterator[None]:
    """Forgive Twisted the socket that it lets go of, unclosed, when it cannot bind it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()

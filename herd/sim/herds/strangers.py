r"""Those who mean harm: what they say on the ports of clients and of links, drawn from a random source.

On a client port they send garbage, half lines, endless lines, a byte now and then, AT lines, thousands of
commands at once, and go away in the middle. All of it is a plan for an ordinary `Client`, whose record shows
what of it were valid commands after all. On a link port they say hello in a neighbor's name or in another's,
prove it with a secret that they guessed, or with half a proof or none, repeat the opening of a real link and
what proved it, or talk nonsense, and then send records.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from twisted.internet.protocol import Factory, Protocol, connectionDone

from herd.core.errors import LinkError
from herd.core.handshake import Handshake, Identity
from herd.sim.herds.clients import Client, Leaving, Say

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from twisted.internet.interfaces import IStreamClientEndpoint
    from twisted.internet.tcp import Connection
    from twisted.python.failure import Failure

    from herd.core.limits import Limits
    from herd.sim.herds.history import History

MARK: Final = b"stranger"
"""The beginning of every client id that only strangers use."""
ATTACKS: Final = ("garbage", "half line", "huge line", "slow", "cut", "AT lines", "pipeline")
OPENINGS: Final = (
    *("silence", "garbage", "half a hello", "handshake", "hello", "replay"),
    *("empty proof", "short proof", "other name", "other server", "other herd"),
)
LEAVINGS: Final[tuple[Leaving, ...]] = ("stays", "closes", "half-closes", "aborts")

_LATEST: Final = b"99999999999.0"
"""A time that beats every other."""
FUTURE: Final = b"+0.263873386"
PRESENT: Final = b"-98232774397.500000000"
"""Differences to it: of a record of the future, which is refused as such, and of one that came when simulated
herds begin."""
_LONGEST_PIPELINE: Final = 5000
_PATIENCE_S: Final = 10.0


def forged_line(
    source: random.Random,
    origins: Sequence[str],
    victims: Sequence[bytes],
    differences: Sequence[bytes] = (FUTURE, PRESENT),
) -> bytes:
    """Return an AT line that would be the newest of its client."""
    victim = source.choice([*victims, MARK])
    difference = source.choice(differences)
    return b"AT %b %b %b +1.0+1.0 %b\n" % (source.choice(origins).encode(), difference, victim, _LATEST)


@frozen
class Attack:
    """What one connection to a client port says, and how it ends."""

    kind: str
    plan: tuple[Say, ...]
    leaving: Leaving


def draw_attack(
    source: random.Random, limits: Limits, origins: Sequence[str], victims: Sequence[bytes]
) -> Attack:
    """Draw what a hostile client does on one connection."""
    kind = source.choice(ATTACKS)
    leaving = source.choice(LEAVINGS)
    report = b"IAMAT %b +34.068930-118.445127 1479413884.392014450\n" % (
        MARK + b"-%d" % source.getrandbits(8)
    )
    if kind == "garbage":
        sizes = [source.randint(1, 2000) for _ in range(source.randint(1, 5))]
        plan = [Say(place * 0.1, source.randbytes(size)) for place, size in enumerate(sizes)]
    elif kind == "half line":
        plan = [Say(0, report[: source.randrange(len(report))])]
    elif kind == "huge line":
        plan = [Say(0, b"x" * (limits.line_bytes * source.choice([1, 2, 20]))), Say(0.5, b"\n" + report)]
    elif kind == "slow":
        plan = [Say(place * 0.7, report[place : place + 1]) for place in range(len(report))]
    elif kind == "cut":
        plan, leaving = [Say(0, report * 3 + report[:-9])], source.choice(("closes", "aborts"))
    elif kind == "AT lines":
        plan = [Say(0, b"".join(forged_line(source, origins, victims) for _ in range(10)))]
    else:
        lines = [report, b"\n", b"WHATSAT %b 10 5\n" % MARK, b"WHATSAT\n"]
        plan = [Say(0, b"".join(source.choices(lines, k=source.randint(1000, _LONGEST_PIPELINE))))]
    return Attack(kind, tuple(plan), leaving)


class HostileClient:
    """Attacks one server's client port, again and again."""

    def __init__(  # noqa: PLR0913 - what an attacker needs
        self,
        reactor: Any,
        endpoint: IStreamClientEndpoint,
        history: History,
        source: random.Random,
        *,
        name: str,
        server: str,
        limits: Limits,
        origins: Sequence[str],
        victims: Sequence[bytes] = (),
        pause_s: float = 3.0,
    ) -> None:
        """`origins` are servers whose records it forges, `victims` the clients; `pause_s` is an average."""
        self.attacks: list[Attack] = []
        self._reactor = reactor
        self._endpoint = endpoint
        self._history = history
        self._source = source
        self._name = name
        self._server = server
        self._draw = lambda: draw_attack(source, limits, origins, victims)
        self._pause_s = pause_s
        self._client: Client | None = None
        self._timer: Any = None

    def start(self) -> None:
        """Attack, and go on; one connection at a time, the last one broken off before the next."""
        if self._client is not None:
            self._client.stop()
        attack = self._draw()
        self.attacks.append(attack)
        self._client = Client(
            self._reactor,
            self._endpoint,
            self._history,
            name=f"{self._name} ({attack.kind})",
            server=self._server,
            plan=attack.plan,
            leaving=attack.leaving,
        )
        self._client.start()
        self._timer = self._reactor.callLater(self._source.expovariate(1 / self._pause_s), self.start)

    def stop(self) -> None:
        """Leave the herd in peace."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self._client is not None:
            self._client.stop()


@frozen(kw_only=True)
class Disguise:
    """Whom a hostile neighbor pretends to be, and what it knows."""

    herd: str
    names: tuple[str, ...]
    """Neighbors of the server that it attacks."""
    proves: bool
    """Whether neighbors prove who they are; where they need not, a right name would be no attack."""
    victims: Sequence[bytes] = ()
    """Clients whose records it forges; there may come to be more."""
    others: tuple[str, ...] = ("Nobody",)
    """Names that are no neighbor's: those of other servers, its own, and one that nobody has."""


class _Intrusion(Protocol):
    """One connection of a stranger to a link port."""

    transport: Connection

    def __init__(self, owner: HostileNeighbor) -> None:
        self._owner = owner
        self._said = self._told = b""
        self._handshake: Handshake | None = None
        self._encounter = -1
        self._timer: Any = None

    def connectionMade(self) -> None:
        owner = self._owner
        self._encounter = owner.history.meet(owner.name, owner.server, b"")
        owner.intrusion = self
        self._timer = owner.reactor.callLater(_PATIENCE_S, self.abort)
        opening, self._handshake = owner.opening()
        self._say(opening)
        if self._handshake is None:
            self._say(owner.records())

    def dataReceived(self, data: bytes) -> None:
        self._told += data
        if self._handshake is not None and b"\n" in self._told:
            handshake, self._handshake = self._handshake, None
            with suppress(LinkError):
                self._say(handshake.receive(self._told.partition(b"\n")[0]))
            self._say(self._owner.records())

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - Twisted's
        if self._timer.active():
            self._timer.cancel()
        self._owner.intrusion = None
        self._owner.history.part(self._encounter, self._said, self._told)

    def abort(self) -> None:
        self.transport.abortConnection()

    def _say(self, data: bytes) -> None:
        self._said += data
        self.transport.write(data)


class HostileNeighbor:
    """Attacks one server's link port, again and again."""

    def __init__(  # noqa: PLR0913 - what an attacker needs
        self,
        reactor: Any,
        endpoint: IStreamClientEndpoint,
        history: History,
        source: random.Random,
        *,
        name: str,
        server: str,
        disguise: Disguise,
        overheard: Callable[[], Sequence[bytes]] = lambda: (),
        pause_s: float = 3.0,
    ) -> None:
        """`overheard` returns what real links to that server began with, so far."""
        self.name = name
        self.server = server
        self.reactor = reactor
        self.history = history
        self.intrusion: _Intrusion | None = None
        self._endpoint = endpoint
        self._source = source
        self._disguise = disguise
        self._overheard = overheard
        self._pause_s = pause_s
        self._timer: Any = None
        self._is_over = False

    def start(self) -> None:
        """Attack, and go on."""
        if self._is_over:
            return
        if self.intrusion is None:
            factory = Factory.forProtocol(lambda: _Intrusion(self))
            self._endpoint.connect(factory).addErrback(lambda _: None)
        self._timer = self.reactor.callLater(self._source.expovariate(1 / self._pause_s), self.start)

    def stop(self) -> None:
        """Leave the herd in peace."""
        self._is_over = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self.intrusion is not None:
            self.intrusion.abort()

    def records(self) -> bytes:
        """Draw some records that would change the herd."""
        source, disguise = self._source, self._disguise
        lines = [
            forged_line(source, disguise.names, disguise.victims) for _ in range(source.choice([0, 1, 10]))
        ]
        return b"".join(lines)

    def opening(self) -> tuple[bytes, Handshake | None]:
        """Draw what is said first; with a handshake, where its answer is waited for."""
        source = self._source
        kind = source.choice(OPENINGS)
        if kind == "silence":
            return b"", None
        if kind == "garbage":
            return source.randbytes(source.choice([10, 2000])), None
        overheard = self._overheard()
        if kind == "replay" and overheard and self._disguise.proves:
            return source.choice(overheard), None
        handshake = self._pretend(kind)
        hello = handshake.start()
        if kind == "half a hello":
            return hello[: source.randrange(len(hello))], None
        if kind == "handshake" or kind.startswith("other "):
            return hello, handshake
        digits = {"empty proof": 0, "short proof": 1}.get(kind, 64)
        proof = b"%064x" % source.getrandbits(256)
        return hello + b"PROOF " + proof[:digits] + b"\n", None

    def _pretend(self, kind: str) -> Handshake:
        """Return the side of a handshake that knows all but the secret; or one of the names wrongly."""
        source, disguise = self._source, self._disguise
        herd, receiver = disguise.herd, self.server
        name = source.choice(disguise.others if kind == "other name" else disguise.names)
        if kind == "other herd" or not disguise.proves:
            herd = "others"
        elif kind == "other server":
            receiver = name
        identity = Identity(herd=herd, name=name, instance=self._token(), secret=source.randbytes(32))
        return Handshake("dialer", identity, [receiver], self._token())

    def _token(self) -> str:
        return f"{self._source.getrandbits(128):032x}"

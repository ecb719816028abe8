"""What a run may excuse: crashes, clocks that are off, what answers promised, and the limits of servers.

The checker judges by nothing else. Whatever is not certain is decided in the herd's favor: each function here
tells whether something *may* have happened, given that an operation took effect at some moment between its
begin and its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import field, frozen

from herd.config.model import Durability
from herd.config.topology import parts
from herd.core.limits import Limits
from herd.core.record import NS_PER_S

if TYPE_CHECKING:
    from herd.config.model import Config
    from herd.sim.herds.history import Operation


@frozen
class Outage:
    """A server lost its memory: it was killed, or began to stop, and was started again. Virtual time."""

    server: str
    down_ns: int
    up_ns: int | None = None
    """None: it was never started again."""


@frozen(kw_only=True)
class Circumstances:
    """The circumstances of one run. Times are virtual nanoseconds."""

    neighbors: Mapping[str, Sequence[str]]
    """Every server, and whom it is linked with; both sides name each link."""
    epoch_ns: int
    """What a right clock, in POSIX nanoseconds, shows at the beginning of virtual time."""
    herd: str | None = None
    """The herd's name; None where nobody asks for it."""
    durability: Mapping[str, Durability] = field(factory=dict)
    """What the answers of a server promise; `memory` where nothing is said."""
    limits: Limits = field(factory=Limits)
    outages: Sequence[Outage] = ()
    clocks_off_ns: Mapping[str, tuple[int, int]] = field(factory=dict)
    """How far a server's clock was from a right one: the least and the most, in all the run."""
    calm_ns: int | None = None
    """Since when nothing is broken, and nothing breaks any more; None: that never came."""
    seen_settled_ns: int | None = None
    """When the herd was seen to have settled; None: nobody saw it, and it has when `settle_ns` are over."""
    settle_ns: int = 30 * NS_PER_S
    """How long the herd may then take until every server holds what was promised: links that are silent are
    given up after 8 s and dialed again after 10 s at the most."""
    prompt_ns: int | None = None
    """How long the answer to a report may take once the herd was seen to have settled; None: who knows."""
    patience_ns: int = 20 * NS_PER_S
    """How long an answer may take when nothing is broken: places and promises have 5 s each, and a pipeline
    of thousands has its pace."""
    parts: tuple[tuple[str, ...], ...] = field(init=False, repr=False)
    """The groups of servers that can reach each other, now that the dead are dead."""

    @parts.default
    def _find_parts(self) -> tuple[tuple[str, ...], ...]:
        return parts(self.neighbors, without=self.dead)

    @classmethod
    def of(cls, config: Config, *, epoch_ns: int, **others: object) -> Circumstances:
        """Return the circumstances of a herd with that configuration."""
        return cls(
            herd=config.name,
            neighbors={server.name: server.neighbors for server in config.servers},
            durability={name: config.durability_of(name) for name in config.names},
            limits=config.limits,
            epoch_ns=epoch_ns,
            **others,  # type: ignore[arg-type] # attrs checks the names
        )

    def durability_of(self, server: str) -> Durability:
        """Return what the answers of a server promise."""
        return self.durability.get(server, "memory")

    def wall_ns(self, server: str, since_ns: int, until_ns: int) -> tuple[int, int]:
        """Return the least and the most that a server's clock may have shown between two moments."""
        slow_ns, fast_ns = self.clocks_off_ns.get(server, (0, 0))
        return self.epoch_ns + since_ns + slow_ns, self.epoch_ns + until_ns + fast_ns

    def may_be_expired(self, received_ns: int, server: str, now_ns: int) -> bool:
        """Tell whether a record, received at that POSIX time, may be no more at a server by now."""
        return received_ns + self._lifetime_ns <= self.wall_ns(server, now_ns, now_ns)[1]

    def is_expired(self, received_ns: int, server: str, now_ns: int) -> bool:
        """Tell whether a record, received at that POSIX time, must be no more at a server by now."""
        return received_ns + self._lifetime_ns <= self.wall_ns(server, now_ns, now_ns)[0]

    def may_be_expired_anywhere(self, received_ns: int, now_ns: int) -> bool:
        """Tell whether a record may be no more at any of the servers, so that it is not passed on."""
        return any(self.may_be_expired(received_ns, server, now_ns) for server in self.neighbors)

    def is_of_the_future(self, received_ns: int, server: str, now_ns: int) -> bool:
        """Tell whether a server must not take a neighbor's record, received at that POSIX time, by now."""
        return received_ns > self.wall_ns(server, now_ns, now_ns)[1] + self._skew_ns

    def may_be_refused(self, received_ns: int, now_ns: int) -> bool:
        """Tell whether some server may have refused a record as one of the future, and lack it by now.

        Whoever refuses one asks for it again later, again and again.
        """
        asked_ns = now_ns - round((self.limits.reconnect_max_s + self.limits.link_silence_s) * NS_PER_S)
        return any(
            received_ns > self.wall_ns(server, asked_ns, asked_ns)[0] + self._skew_ns
            for server in self.neighbors
        )

    @property
    def may_refuse(self) -> bool:
        """Tell whether clocks may have differed by so much that a server refused its neighbor's records."""
        off_ns = [self.clocks_off_ns.get(server, (0, 0)) for server in self.neighbors]
        return max(most for _, most in off_ns) - min(least for least, _ in off_ns) > self._skew_ns

    def may_have_forgotten(self, server: str, since_ns: int, until_ns: int) -> bool:
        """Tell whether a server was restarted, or began to be, between two moments."""
        return any(
            outage.server == server and outage.down_ns <= until_ns and _up_ns(outage) >= since_ns
            for outage in self.outages
        )

    def may_be_lost(self, promise: Operation, until_ns: int) -> bool:
        """Tell whether the record that answered a report may be gone for good, its promise being kept.

        Under `memory` its server's restart excuses it, under `neighbor` only that of a second server too:
        whichever of the two comes first, the record may not have been passed on. Under `disk` it is there as
        soon as its server is.
        """
        since_ns, server = promise.begin_ns, promise.server
        if not self.may_have_forgotten(server, since_ns, until_ns):
            return False
        durability = self.durability_of(server)
        if durability == "memory":
            return True
        if durability == "disk":
            return server in self.dead
        others = [name for name in self.neighbors if name != server]
        return any(self.may_have_forgotten(other, since_ns, until_ns) for other in others)

    @property
    def dead(self) -> list[str]:
        """Return the servers that were never started again."""
        return [outage.server for outage in self.outages if outage.up_ns is None]

    def due_ns(self, promised_ns: int) -> int:
        """Return when a promise that was given at a moment must show, at the latest."""
        seen_ns = self.seen_settled_ns
        return seen_ns if seen_ns is not None and promised_ns <= seen_ns else promised_ns + self.settle_ns

    @property
    def settled_ns(self) -> int | None:
        """Return when every promise given before the calm must show; None for never."""
        if self.calm_ns is None:
            return None
        if self.seen_settled_ns is not None:
            return self.seen_settled_ns
        return max([self.calm_ns, *(each.up_ns or 0 for each in self.outages)]) + self.settle_ns

    @property
    def _lifetime_ns(self) -> int:
        return round(self.limits.record_lifetime_s * NS_PER_S)

    @property
    def _skew_ns(self) -> int:
        return round(self.limits.clock_skew_s * NS_PER_S)


def _up_ns(outage: Outage) -> float:
    return float("inf") if outage.up_ns is None else outage.up_ns

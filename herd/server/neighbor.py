"""One neighbor: dialing it, keeping one link to it, and writing what it is owed.

Either side may dial. Where both do, one link remains, by a rule that both sides compute alike: the one that
the server with the lesser name dialed; of two with the same dialer the later one. A link whose far end is
another process than before (a restart) always takes the place of the old one.

When a link comes up the side that dialed begins to reconcile, and records that are news meanwhile flood as
ever. The neighbor is *in sync* once that is done, its outbox is empty, and it has acknowledged everything.

One side's heartbeats show to both that an idle link is alive: those of the server with the lesser name. The
other asks only for what it has to know, or when it has heard nothing for longer than that.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from herd.core.errors import LinkError
from herd.core.linkwire import Message, Ping, Pong
from herd.core.reconcile import Reconciler
from herd.core.refusals import Refusals
from herd.server.backoff import Backoff
from herd.server.links import LinkConnection, LinkContext, LinkFactory

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IDelayedCall, IStreamClientEndpoint
    from twisted.python.failure import Failure

    from herd.server.neighbors import Neighbors


_ACKNOWLEDGE_S: Final = 0.2
"""How often a neighbor is asked at most how far it has read, while records are written to it."""
_PATIENCE: Final = 1.25
"""How many heartbeats may go by without a word before the side asks whose turn it is not."""


@frozen(kw_only=True)
class NeighborStatus:
    """What an operator sees of one neighbor."""

    name: str
    state: str
    """`up`, `connecting` or `down`."""
    for_s: float
    """How long it has been in this state."""
    outbox: int
    """Records that it is owed and that have not been written yet."""
    sent: int
    """Records written on the present link."""
    acknowledged: int
    """Records that it has acknowledged on the present link."""
    received: int
    """Records read on the present link."""
    in_sync: bool
    """Whether it is known to hold every record that this server holds."""
    behind_s: float
    """How long that has not been known, while the link is up."""
    error: str | None
    """Why it is not up."""


class Neighbor:
    """One configured neighbor, with a link or without."""

    def __init__(
        self, name: str, endpoint: IStreamClientEndpoint, context: LinkContext, neighbors: Neighbors
    ) -> None:
        self.name = name
        self._endpoint = endpoint
        self._context = context
        self._neighbors = neighbors
        self._outbox = neighbors.replica.flood.outboxes[name]
        self._factory = LinkFactory(context, neighbors, self)
        self._backoff = Backoff(
            context.limits.reconnect_min_s, context.limits.reconnect_max_s, context.world.random
        )
        self._has_precedence = context.identity.name < name
        self._has_left = False
        self._link: LinkConnection | None = None
        self._dialing: Deferred[Any] | None = None
        self._dialed: LinkConnection | None = None
        """A connection that this side dialed and whose handshake is not done yet."""
        self._timer: IDelayedCall | None = None
        self._state = "down"
        self._since_s = context.world.reactor.seconds()
        self._error: str | None = None
        self._begin_link()

    def _begin_link(self) -> None:
        self._is_ping_due = self._is_pong_due = False
        self._sent = self._received = self._acknowledged = 0
        self._refusals = Refusals(self._context.limits)
        self._heard_s = self._in_sync_s = self._context.world.reactor.seconds()
        self._asked_s = self._heard_s - _ACKNOWLEDGE_S
        self._has_reconciled = False
        self._marks: deque[tuple[int, int]] = deque()
        """Where answers wait for acknowledgements: records sent, and the moment that they cover."""
        self._reconciler = Reconciler(
            self._neighbors.replica.digests,
            self._outbox,
            has_precedence=self._has_precedence,
        )

    def start(self) -> None:
        """Dial; the server with the lesser name gets a head start, so that mostly one link is made."""
        self._set_timer(0 if self._has_precedence else self._backoff.next_s(), self._dial)

    def status(self) -> NeighborStatus:
        """Return what an operator wants to know."""
        return NeighborStatus(
            name=self.name,
            state=self._state,
            for_s=round(self._context.world.reactor.seconds() - self._since_s, 3),
            outbox=len(self._outbox),
            sent=self._sent,
            acknowledged=self._acknowledged,
            received=self._received,
            in_sync=self._is_in_sync,
            behind_s=self._behind_s(),
            error=self._error,
        )

    def attach(self, link: LinkConnection) -> None:
        """Take a connection whose handshake is done, as the link, unless the one there is is to be kept."""
        old = self._link
        if link is self._dialed:
            self._dialed = None
        if old is not None and not self._is_preferred(link, old):
            link.close()
            return
        self._link = link
        if old is not None:
            old.close()
            self._outbox.close()
        self._begin_link()
        self._outbox.open()
        self._set_state("up", None)
        self._context.log.note(f"link to {self.name} is up")
        self._set_timer(self._context.limits.heartbeat_s, self._beat)
        if link.handshake.role == "dialer":
            self._reconciler.begin()
        self._neighbors.schedule_flush()

    def reconcile(self) -> bool:
        """Compare caches with the neighbor now; tell whether there is a link to do it on."""
        if self._link is None:
            return False
        self._reconciler.begin()
        self._neighbors.schedule_flush()
        return True

    @property
    def _has_been_sent_all(self) -> bool:
        """Tell whether everything that this server holds has been written to the neighbor, or was there."""
        return self._has_reconciled and not self._reconciler.is_walking and not self._outbox

    @property
    def _is_in_sync(self) -> bool:
        return self._link is not None and self._has_been_sent_all and self._acknowledged == self._sent

    def _behind_s(self) -> float:
        if self._link is None or self._is_in_sync:
            return 0.0
        return float(round(self._context.world.reactor.seconds() - self._in_sync_s, 3))

    def _is_preferred(self, link: LinkConnection, old: LinkConnection) -> bool:
        if (
            link.handshake.peer_instance != old.handshake.peer_instance
            or link.handshake.role == old.handshake.role
        ):
            return True
        return (link.handshake.role == "dialer") is self._has_precedence

    def lost(self, link: LinkConnection, reason: str) -> None:
        """Learn that a connection is over, the link or another; dial again if there is no link now."""
        if link is self._dialed:
            self._dialed = None
        if link is self._link:
            self._link = None
            self._set_timer(None)
            self._outbox.close()
            self._context.log.note(f"link to {self.name} is down: {reason}")
            self._set_state("down", reason)
        elif self._link is None:
            self._error = reason
        self._dial_later()

    def take(self, message: Message) -> None:
        """Take a message that came over the link."""
        self._heard_s = self._context.world.reactor.seconds()
        if isinstance(message, list):
            replica = self._neighbors.replica
            refused = replica.refused
            replica.learn(message, self.name, self._context.world.wall_ns())
            self._received += len(message)
            self._refusals.add(replica.refused - refused, self._heard_s)
        elif isinstance(message, Ping):
            self._is_pong_due = True
            self._neighbors.schedule_flush()
        elif isinstance(message, Pong):
            self._take_pong(message)
        else:
            self._reconciler.take(message)
            self._neighbors.schedule_flush()

    def take_lines(self, lines: bytes, longest_id: int, longest_line: int) -> bool:
        """Take lines that came over the link if all of them are plain records; tell whether they were."""
        world, replica = self._context.world, self._neighbors.replica
        refused = replica.refused
        count = replica.learn_lines(lines, self.name, world.wall_ns(), longest_id, longest_line)
        if count is None:
            return False
        self._heard_s = world.reactor.seconds()
        self._received += count
        self._refusals.add(replica.refused - refused, self._heard_s)
        return True

    def _take_pong(self, message: Pong) -> None:
        if not self._acknowledged <= message.read <= self._sent:
            raise LinkError(f"says that it has read {message.read} records; it was sent {self._sent}")
        self._acknowledged = message.read
        while self._marks and self._marks[0][0] <= message.read:
            self._neighbors.promises.keep(self._marks.popleft()[1])
        if self._is_in_sync:
            self._in_sync_s = self._context.world.reactor.seconds()
        if self._neighbors.is_stopping:
            self._neighbors.schedule_flush()

    def flush(self) -> bool:
        """Write once what is owed, if the transport wants it; tell whether more could be written at once."""
        link = self._link
        if link is None or not link.is_writable or not self._is_flush_due:
            return False
        steps = self._reconcile_a_slice()
        count, records = self._outbox.take_joined(self._context.limits.link_write_bytes)
        self._sent += count
        if records:
            self._ask_soon()
        control = steps + self._take_control(is_last_word=self._neighbors.is_stopping and bool(records))
        if control or records:
            link.write(records, control)
        return link.is_writable and (bool(self._outbox) or self._reconciler.has_work)

    @property
    def _is_flush_due(self) -> bool:
        """Tell whether there may be something to write: most turns do not concern most neighbors."""
        return (
            bool(self._outbox)
            or self._is_pong_due
            or self._is_ping_due
            or len(self._neighbors.promises) > 0
            or self._reconciler.has_work
        )

    def _reconcile_a_slice(self) -> list[bytes]:
        reconciler = self._reconciler
        if not reconciler.has_work:
            return []
        lines = reconciler.work()
        self._has_reconciled |= not reconciler.is_walking
        return lines

    def _take_control(self, *, is_last_word: bool) -> list[bytes]:
        """Return the heartbeats that are due: one of each at most, however long they could not be written.

        An acknowledgement that answers wait for is asked for at once, by one PING for all of them, and only
        when everything that they may be about has been written.
        """
        promises = self._neighbors.promises
        is_asked_for = (
            len(promises) > 0
            and self._has_been_sent_all
            and (not self._marks or self._marks[-1][1] < promises.moment)
        )
        if is_asked_for:
            self._marks.append((self._sent, promises.moment))
        control: list[bytes] = []
        if self._is_pong_due:
            control.append(b"PONG %d" % self._received)
        if self._is_ping_due or is_last_word or is_asked_for:
            control.append(b"PING %d" % self._sent)
        self._is_ping_due = self._is_pong_due = False
        return control

    def ping(self) -> None:
        """Ask for an acknowledgement with the next write."""
        self._is_ping_due = True
        self._asked_s = self._context.world.reactor.seconds()
        self._neighbors.schedule_flush()

    def is_drained(self) -> bool:
        """Tell whether nothing is owed over a link that is up, and all of it has been acknowledged.

        While caches are still compared, what is owed is not known yet.
        """
        return self._link is None or (self._has_been_sent_all and self._acknowledged >= self._sent)

    def leave(self) -> None:
        """Be a neighbor no more: no link is accepted or dialed from now on."""
        self._has_left = True
        self._context.log.note(f"{self.name} is no neighbor any more")
        self.stop()

    def stop(self) -> None:
        """Stop dialing, and close the link."""
        self._set_timer(None)
        if self._dialing is not None:
            self._dialing.cancel()
        if self._dialed is not None:
            self._dialed.abort()
        if self._link is not None:
            self._link.close()

    @property
    def _is_on_the_way(self) -> bool:
        """Tell whether there is a link, or one is being made from this side."""
        return self._link is not None or self._dialing is not None or self._dialed is not None

    def _dial(self) -> None:
        if not self._is_on_the_way:
            self._set_state("connecting", self._error)
            began_s = self._context.world.reactor.seconds()
            self._dialing = self._endpoint.connect(self._factory)
            self._dialing.addCallbacks(self._connected, self._dial_failed, errbackArgs=(began_s,))

    def _connected(self, link: LinkConnection) -> None:
        self._dialing = None
        self._dialed = link

    def _dial_failed(self, failure: Failure, began_s: float) -> None:
        self._dialing = None
        if self._link is None:
            self._error = failure.getErrorMessage()
        self._dial_later(self._context.world.reactor.seconds() - began_s)

    def _dial_later(self, spent_s: float = 0.0) -> None:
        if not (self._is_on_the_way or self._has_left or self._neighbors.is_stopping):
            self._set_state("down", self._error)
            self._set_timer(self._backoff.next_s(spent_s), self._dial)

    def _ask_soon(self) -> None:
        """Ask how far the neighbor has read along with what is written now, or shortly after."""
        now_s = self._context.world.reactor.seconds()
        soon_s = self._asked_s + _ACKNOWLEDGE_S
        if now_s >= soon_s:
            self._is_ping_due = True
            self._asked_s = now_s
        elif self._timer is not None and self._timer.active() and self._timer.getTime() > soon_s:
            self._set_timer(soon_s - now_s, self._beat)

    def _beat(self) -> None:
        """Ask for a sign of life if it is time to, or give up a link that has been silent for too long."""
        limits, link = self._context.limits, self._link
        if link is None:
            return
        now_s = self._context.world.reactor.seconds()
        silent_s, left_s = now_s - self._heard_s, self._heard_s + limits.link_silence_s - now_s
        if left_s <= 0:
            link.refuse(f"silent for {silent_s:.1f} s")
            return
        if silent_s < limits.heartbeat_s and now_s - self._since_s > limits.heartbeat_s / 2:
            self._backoff.reset()  # not before: what fails as soon as it is up must not be dialed on and on
        if self._refusals.is_due(now_s) and not self._reconciler.is_walking:
            self._refusals.ask_again()
            self.reconcile()
        since_s, wait_s = self._asked_s, limits.heartbeat_s
        if not self._has_precedence:
            since_s, wait_s = self._heard_s, min(_PATIENCE * wait_s, (wait_s + limits.link_silence_s) / 2)
        if now_s >= since_s + wait_s or self._acknowledged < self._sent:
            self.ping()
            since_s = now_s
        self._set_timer(min(since_s + wait_s - now_s, left_s), self._beat)

    def _set_state(self, state: str, error: str | None) -> None:
        self._error = error
        if state != self._state:
            self._state = state
            self._since_s = self._context.world.reactor.seconds()

    def _set_timer(self, delay_s: float | None, *then: object) -> None:
        """Replace the one timer: to dial while there is no link, to beat while there is one."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None if delay_s is None else self._context.world.reactor.callLater(delay_s, *then)

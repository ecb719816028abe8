"""Every bound of a server, with its reason.

Nothing that a client, a neighbor or a provider does may use memory or time without one of these. A `[limits]`
table in the configuration changes any of them; `herd check` names an unknown one.
"""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import ge, gt


@frozen(kw_only=True)
class Limits:
    """Bounds of one server. Sizes are bytes, times are seconds."""

    line_bytes: int = field(default=4096, validator=ge(256))
    """A client's longest command line, its ending included. Real ones are under 200; this leaves room for an
    id of 1,024 bytes and absurd precision, and bounds what one silent connection can make us hold."""

    client_id_bytes: int = field(default=1024, validator=ge(1))
    """A client id. 255 characters of UTF-8 fit; a record stays small enough to hold a million of them."""

    answers_waiting: int = field(default=1000, validator=ge(1))
    """Answers that one connection may have waiting. At the bound its input is left unread, so the client is
    slowed by TCP and nothing is dropped."""

    connections: int = field(default=10_000, validator=ge(1))
    """Client connections in all, about 4 KB each. One more gets a `? ` line and is closed."""

    connections_per_address: int = field(default=2_000, validator=ge(1))
    """Client connections from one address: a large office behind one, yet no single host has them all."""

    commands_per_s: float = field(default=100_000.0, validator=gt(0))
    """What one connection is answered per second; a faster one is left unread, so TCP slows it and nothing is
    dropped. It is more than a server with its log on can do: lower it where clients are strangers."""

    idle_s: float = field(default=3600.0, validator=gt(0))
    """A client connection that has said nothing for this long is closed: longer than any pause of a person at
    telnet, and peers that vanished do not pile up."""

    clients_held: int = field(default=1_000_000, validator=ge(1))
    """Clients whose record a server holds, about a quarter of a gigabyte. Past it the oldest is evicted."""

    record_lifetime_s: float = field(default=86_400.0, validator=gt(0))
    """A record expires this long after its origin received it: a day-old position says nothing of now."""

    handshake_timeout_s: float = field(default=5.0, validator=gt(0))
    """A connection on the link port that has not shown who it is by now is closed: a dozen round trips around
    the Earth, and little for a stranger to hold."""

    handshakes: int = field(default=256, validator=ge(1))
    """Connections on the link port that have not shown who they are. One more closes the oldest: neighbors
    take milliseconds to do it, so strangers who hold connections open keep nobody out."""

    reconnect_min_s: float = field(default=0.1, validator=gt(0))
    """The first wait before a lost neighbor is dialed again: a restart is over in about this time."""

    reconnect_max_s: float = field(default=10.0, validator=gt(0))
    """The longest wait between two dials. A neighbor that returns is back within seconds; a dead one costs
    six packets a minute."""

    heartbeat_s: float = field(default=2.0, validator=gt(0))
    """How often a link asks its neighbor for an acknowledgement."""

    link_silence_s: float = field(default=8.0, validator=gt(0))
    """A link that has brought nothing for this long, four heartbeats, is taken for dead and dialed again."""

    link_write_bytes: int = field(default=262_144, validator=ge(1024))
    """What one link writes at most in one reactor turn: enough to fill a fast link, too little to hold the
    reactor (about a millisecond)."""

    promise_timeout_s: float = field(default=5.0, validator=gt(0))
    """How long an answer waits for what the durability promises before it is refused."""

    clock_skew_s: float = field(default=3600.0, validator=gt(0))
    """How far ahead of this server's clock a neighbor's record may have been received. Clocks differ by less;
    a record from further in the future is not taken, as it would never expire. It is asked for again until it
    may be; until then a neighbor that read it counts as one that has it."""

    shutdown_s: float = field(default=5.0, validator=ge(0))
    """How long a server that was told to stop answers what is in flight. Container engines kill after ten."""

    places_timeout_s: float = field(default=5.0, validator=gt(0))
    """The whole time that a WHATSAT waits for places, retries and queueing included."""

    places_in_flight: int = field(default=64, validator=ge(1))
    """Questions that a server has under way at a places provider at one time."""

"""What a link between two hosts is like, as data: how long it takes, what it loses.

Distributions are of one direction's delay, in milliseconds. Losses of a TCP connection are repaired by its
kernel, so they are a delay; a datagram that is lost is lost.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Protocol

from attrs import field, frozen
from attrs.validators import ge, le

from herd.sim.engine.delays import NS_PER_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.chance import Stream
    from herd.sim.engine.delays import Delays


class Latency(Protocol):
    """A distribution of delays."""

    def draw_ns(self, stream: Stream) -> int:
        """Draw a delay in nanoseconds."""


@frozen
class Constant:
    """The same delay each time."""

    ms: float

    def draw_ns(self, stream: Stream) -> int:  # noqa: ARG002 - there is nothing to draw
        """Return the delay."""
        return round(self.ms * NS_PER_MS)


@frozen
class Uniform:
    """Any delay between two."""

    low_ms: float
    high_ms: float
    _low_ns: int = field(init=False, repr=False, eq=False)
    _high_ns: int = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_low_ns", round(self.low_ms * NS_PER_MS))
        object.__setattr__(self, "_high_ns", round(self.high_ms * NS_PER_MS))

    def draw_ns(self, stream: Stream) -> int:
        """Draw a delay."""
        return stream.integer(self._low_ns, self._high_ns)

    def drawn_from(self, stream: Stream) -> Callable[[], int]:
        """Return what draws delays from a stream with no call in between."""
        return partial(stream.integer, self._low_ns, self._high_ns)

    def give(self, delays: Delays, stream: Stream) -> None:
        """Have delays drawn from a stream with no call in between."""
        delays.be_uniform(stream, self._low_ns, self._high_ns)


@frozen
class Exponential:
    """A floor, and above it many short delays and a few long ones."""

    mean_ms: float
    """Of what is above the floor."""
    floor_ms: float = 0.0

    def draw_ns(self, stream: Stream) -> int:
        """Draw a delay."""
        return round((self.floor_ms + stream.exponential(self.mean_ms)) * NS_PER_MS)


@frozen
class LogNormal:
    """Half of the delays under the median, and a long tail: what networks measure like."""

    median_ms: float
    sigma: float = 0.3
    """Of the logarithm: 0.3 puts 1 delay of 100 at twice the median."""

    def draw_ns(self, stream: Stream) -> int:
        """Draw a delay."""
        return round(self.median_ms * math.exp(self.sigma * stream.normal()) * NS_PER_MS)

    def give(self, delays: Delays, stream: Stream) -> None:
        """Have delays drawn from a stream with no call in between."""
        delays.be_log_normal(stream, self.median_ms, self.sigma)


def drawing(latency: Latency, stream: Stream) -> Callable[[], int]:
    """Return what draws a delay from a stream each time that it is called."""
    if isinstance(latency, Uniform):
        return latency.drawn_from(stream)
    return partial(latency.draw_ns, stream)


def _probability() -> float:
    default: float = field(default=0.0, validator=[ge(0.0), le(1.0)])
    return default


@frozen
class Profile:
    """One direction of a link. The defaults are a quiet local network."""

    latency: Latency = Constant(0.5)
    jitter_ms: float = 0.0
    """Up to so much more, drawn for each segment."""
    bandwidth_bps: float | None = None
    """Bits a second; segments queue behind each other. None: no limit."""
    loss: float = _probability()
    """Of a segment or datagram."""
    duplicate: float = _probability()
    """Of a datagram: it arrives twice."""
    reorder: float = _probability()
    """Of a datagram: it is held back by up to `reorder_ms`."""
    reorder_ms: float = 50.0
    corrupt: float = _probability()
    """Of a datagram: one bit is flipped."""
    cut: float = _probability()
    """Of a segment of TCP: it arrives in pieces."""
    join_ms: float = 0.0
    """The reader wakes up to so much later, drawn, and finds joined what has arrived until then."""
    window_bytes: int = 256 * 1024
    """What both kernels together hold of a connection before the sender has to wait."""

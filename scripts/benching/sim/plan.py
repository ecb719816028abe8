"""The work that every simulator is given: a graph, messages to inject, and how many deliveries that must be.

The graph is the union of two random rings over the same hosts that share no edge: connected, and of degree 4.
Each host dials the two hosts that follow it, so every edge is one connection. A host passes a message that it
has not seen to all neighbors but the one it came from: the host where it was injected sends 4, every other
one 3, whatever the order of arrivals. That is what makes counts of different simulators comparable exactly.
"""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Final

from attrs import frozen

DEGREE: Final = 4
MESSAGE_BYTES: Final = 60
PORT: Final = 7000

LATENCY_S: Final = (0.001, 0.020)
"""Uniform, drawn for every message (or segment) on its way."""
DIAL_S: Final = 1.0
"""Virtual seconds after the start: by then every host listens."""
FLOOD_S: Final = 3.0
"""Virtual seconds after the start: by then every link is up."""
CALM_S: Final = 60.0
"""Virtual seconds that the last message may take to be everywhere."""

Edges = tuple[tuple[int, int], ...]


@frozen
class Plan:
    """A flood of `updates` messages over `hosts` hosts, one injected every `interval_s` virtual seconds."""

    hosts: int
    updates: int
    interval_s: float = 0.010
    seed: int = 1

    @property
    def deliveries(self) -> int:
        """Messages that programs must have received from neighbors in the end."""
        return self.updates * ((DEGREE - 1) * self.hosts + 1)

    @property
    def latest_s(self) -> float:
        """The virtual time at which a flood that is not over has failed."""
        return FLOOD_S + self.updates * self.interval_s + CALM_S

    def dials(self) -> list[list[int]]:
        """Return, for each host, the two hosts that it connects to."""
        dials: list[list[int]] = [[] for _ in range(self.hosts)]
        for dialer, listener in edges(self.hosts, self.seed):
            dials[dialer].append(listener)
        return dials

    def neighbors(self) -> list[list[int]]:
        """Return, for each host, the four hosts that it has a link with."""
        neighbors: list[list[int]] = [[] for _ in range(self.hosts)]
        for one, other in edges(self.hosts, self.seed):
            neighbors[one].append(other)
            neighbors[other].append(one)
        return neighbors

    def injections(self) -> list[list[tuple[float, bytes]]]:
        """Return, for each host, the messages that are injected there and when, in virtual seconds."""
        draw = random.Random(f"injections {self.seed}")  # noqa: S311 - a plan, no secret
        injections: list[list[tuple[float, bytes]]] = [[] for _ in range(self.hosts)]
        for number in range(self.updates):
            at_s = FLOOD_S + (number + 1) * self.interval_s
            injections[draw.randrange(self.hosts)].append((at_s, message(number)))
        return injections


def message(number: int) -> bytes:
    """Return the message of this number."""
    return (b"%d " % number).ljust(MESSAGE_BYTES - 1, b".") + b"\n"


def edges(hosts: int, seed: int) -> Edges:
    """Return the edges of a random 4-regular graph, each as (dialer, listener)."""
    if hosts <= DEGREE:
        raise ValueError(f"{hosts} hosts cannot have {DEGREE} neighbors each: take at least {DEGREE + 1}")
    draw = random.Random(f"graph {seed}")  # noqa: S311 - a plan, no secret
    one = ring(hosts, draw)
    known = {frozenset(edge) for edge in one}
    while True:  # two rings share two edges on average, so one in seven tries or so is good
        other = ring(hosts, draw)
        if not any(frozenset(edge) in known for edge in other):
            return (*one, *other)


def ring(hosts: int, draw: random.Random) -> list[tuple[int, int]]:
    """Return the edges of a random ring over all hosts."""
    order = list(range(hosts))
    draw.shuffle(order)
    return list(pairwise([*order, order[0]]))

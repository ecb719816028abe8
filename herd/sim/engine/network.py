"""The fabric between hosts: it only says how long a packet takes, and whether it arrives.

A link is one direction between two hosts, made when it is first used. Faults change links: `block` counts
(two partitions may cut the same link; it is whole again when both are over), `extra_ns` adds a delay. What
becomes of a lost packet is the business of those who sent it: TCP repeats it, a datagram is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from herd.sim.engine.chance import Stream
from herd.sim.engine.delays import NS_PER_MS
from herd.sim.engine.names import Names
from herd.sim.engine.native import Delays
from herd.sim.engine.profile import Constant, LogNormal, Profile, Uniform, drawing

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.chance import Chance
    from herd.sim.engine.datagrams import DatagramSocket
    from herd.sim.engine.host import Host

_LOOPBACK = Profile(latency=Constant(0.02))
_BITS = 8
_NS = 1_000_000_000


class Link(Delays):
    """One direction between two hosts."""

    __slots__ = (
        "_busy_until_ns",
        "_chance",
        "_drawing",
        "_extra_loss",
        "_is_plain",
        "_label",
        "_profile",
        "_stream",
        "source",
        "waiting",
    )

    def __init__(self, source: Host, target: Host, profile: Profile, chance: Chance, label: str) -> None:
        super().__init__(target)
        self.source = source
        self._chance = chance
        self._label = label
        self._stream: Stream | None = None
        self._extra_loss = 0.0
        self._busy_until_ns = 0
        self.waiting: list[Callable[[], None]] = []
        self.profile = profile

    @property
    def profile(self) -> Profile:
        """What the link is like."""
        return self._profile

    @profile.setter
    def profile(self, profile: Profile) -> None:
        self._profile = profile
        self.is_lossy = bool(profile.loss or self._extra_loss)
        self.spoils_datagrams = bool(profile.duplicate or profile.reorder or profile.corrupt)
        self._drawing: Callable[[], int] | None = None
        self._is_plain = not (profile.jitter_ms or profile.bandwidth_bps)
        self.be_other()
        if self._is_plain and isinstance(profile.latency, Constant):
            self.be_constant(round(profile.latency.ms * NS_PER_MS))

    @property
    def stream(self) -> Stream:
        """The link's own randomness."""
        stream = self._stream
        if stream is None:
            stream = self._stream = self._chance.fresh(self._label)
        return stream

    def other_delay_ns(self, now_ns: int, size: int) -> int:
        """Draw how long a packet of `size` bytes that leaves now is under way."""
        if self._drawing is None:
            # Now, for a stream that nobody draws from need not be. One with a tape draws in its own way.
            latency, stream = self._profile.latency, self.stream
            if self._is_plain and isinstance(latency, Uniform | LogNormal) and type(stream) is Stream:
                latency.give(self, stream)
                return self.delay_ns(now_ns, size)
            self._drawing = drawing(latency, stream)
        delay = self._drawing() + self.extra_ns
        profile = self._profile
        if profile.jitter_ms:
            delay += self.stream.integer(0, round(profile.jitter_ms * NS_PER_MS))
        if profile.bandwidth_bps is not None:
            begin = max(now_ns, self._busy_until_ns)
            self._busy_until_ns = begin + round(size * _BITS * _NS / profile.bandwidth_bps)
            delay += self._busy_until_ns - now_ns
        return delay

    def loses(self) -> bool:
        """Draw whether a packet that leaves now is lost; always while the link is blocked."""
        if self.blocked:
            return True
        loss = self._profile.loss + self._extra_loss
        return loss > 0.0 and self.stream.random() < loss

    def lose_more(self, loss: float) -> None:
        """Lose this share of packets on top of the profile's; a negative number takes it back."""
        self._extra_loss += loss
        self.is_lossy = bool(self._profile.loss or self._extra_loss)

    def block(self) -> None:
        """Let nothing pass."""
        self.blocked += 1

    def unblock(self) -> None:
        """Take back one `block`."""
        self.blocked -= 1
        if not self.blocked:
            waiting, self.waiting = self.waiting, []
            for each in waiting:
                each()


class Network:
    """All links, and the names and addresses of hosts."""

    def __init__(self, chance: Chance, profile: Profile) -> None:
        self._chance = chance
        self.profile = profile
        self._profiles: dict[tuple[str, str], Profile] = {}
        self._links: dict[tuple[int, int], Link] = {}
        self._by_address: dict[str, Host] = {}
        self.names = Names()
        """The DNS."""
        self.groups: dict[str, dict[DatagramSocket, None]] = {}
        """By address: the members of a multicast group."""

    def add(self, host: Host) -> None:
        """Take in a host: its address must be its own. Its name becomes a name of the DNS."""
        if host.address in self._by_address:
            raise ValueError(f"{self._by_address[host.address].name} has the address {host.address} already")
        self._by_address[host.address] = host
        self.names.set(host.name, host.address)

    def at(self, address: str) -> Host | None:
        """Return the host that has an address."""
        return self._by_address.get(address)

    def set_profile(self, source: str, target: str, profile: Profile) -> None:
        """Give the link from one host to another, by names, a profile of its own."""
        self._profiles[source, target] = profile
        for link in self._links.values():
            if (link.source.name, link.target.name) == (source, target):
                link.profile = profile

    def link(self, source: Host, target: Host) -> Link:
        """Return the link from one host to another."""
        found = self._links.get((source.index, target.index))
        if found is None:
            profile = self._profiles.get((source.name, target.name))
            if profile is None:
                profile = _LOOPBACK if source is target else source.profile or self.profile
            label = f"link {source.name}>{target.name}"
            found = self._links[source.index, target.index] = Link(
                source, target, profile, self._chance, label
            )
        return found

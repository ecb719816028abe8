"""Endpoints that get in each other's way: two that listen at the same place, or are dialed at the same place.

A herd's servers may stand on many machines, and in containers whose ports are mapped, so the same port twice
is not always wrong. Two endpoints stand on the same machine if they belong to one server, or if they are
dialed at the same host and at the very ports that they listen on.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from attrs import frozen

from herd.config.endpoint import is_loopback, is_wildcard
from herd.config.model import Address, Endpoint
from herd.config.problem import DocumentPath, Problem, show_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from herd.config.document import ServerDraft


@frozen
class _Place:
    """An endpoint and where it stands in the file."""

    server: str
    key: str
    endpoint: Endpoint

    @property
    def path(self) -> DocumentPath:
        return ("servers", self.server, self.key)


def check_ports(servers: Mapping[str, ServerDraft]) -> Iterator[Problem]:
    """Report each endpoint that is in the way of an earlier one."""
    by_port: dict[int, list[_Place]] = {}
    for place in _places(servers):
        endpoint = place.endpoint
        ports = sorted({endpoint.listen.port, endpoint.dial.port})
        earlier = chain.from_iterable(by_port.get(port, ()) for port in ports)
        for other in earlier:
            problem = _clash(place, other)
            if problem is not None:
                yield problem
                break
        for port in ports:
            by_port.setdefault(port, []).append(place)


def _places(servers: Mapping[str, ServerDraft]) -> Iterator[_Place]:
    for name, server in servers.items():
        for key, endpoint in (("clients", server.clients), ("links", server.links)):
            if endpoint is not None:
                yield _Place(name, key, endpoint)


def _clash(place: _Place, other: _Place) -> Problem | None:
    mine, theirs = place.endpoint, other.endpoint
    taken_by = show_path(other.path)
    if mine.listen.port == theirs.listen.port and _same_machine(place, other):
        if _same_host(mine.listen, theirs.listen):
            return Problem(path=place.path, message=f"{mine.listen} is taken by {taken_by}")
        if is_wildcard(mine.listen.host) or is_wildcard(theirs.listen.host):
            message = f"{mine.listen} overlaps {theirs.listen} of {taken_by}: one of them is every interface"
            return Problem(path=place.path, message=message)
    if mine.dial.port == theirs.dial.port and _same_host(mine.dial, theirs.dial):
        return Problem(path=place.path, message=f"{mine.dial} is where {taken_by} is dialed")
    return None


def _same_machine(place: _Place, other: _Place) -> bool:
    if place.server == other.server:
        return True
    ends = (place.endpoint, other.endpoint)
    is_mapped = any(end.listen.port != end.dial.port for end in ends)
    return not is_mapped and _same_host(*(end.dial for end in ends))


def _same_host(one: Address, other: Address) -> bool:
    """Tell whether two hosts are the same; `localhost` is any loopback address: a resolver may choose any."""
    first, second = one.host.casefold(), other.host.casefold()
    if "localhost" in {first, second}:
        return is_loopback(first) and is_loopback(second)
    return first == second

"""Which links a herd should have, and which of them are down: pure reasoning over what the servers say."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from herd.cli.control import Standing
    from herd.config.model import Config

Link: TypeAlias = tuple[str, str]
"""The names of its two ends, in the order of the file."""


def links_among(config: Config, names: Iterable[str]) -> tuple[Link, ...]:
    """Return each link that has both ends in `names`, once, in the order of the file."""
    inside = tuple(names)
    found: list[Link] = []
    for server in config.servers:
        for neighbor in server.neighbors:
            link = (server.name, neighbor)
            if server.name in inside and neighbor in inside and link[::-1] not in found:
                found.append(link)
    return tuple(found)


def links_down(links: Iterable[Link], standings: Mapping[str, Standing]) -> tuple[Link, ...]:
    """Return the links that are not up at both of their ends."""
    return tuple(link for link in links if why_down(link, standings) is not None)


def why_down(link: Link, standings: Mapping[str, Standing]) -> str | None:
    """Return in a few words why a link is down, or None if both ends call it up."""
    for name in link:
        if standings[name].status is None:
            return f"{name} is down"
    for name, neighbor in (link, link[::-1]):
        told = standings[name].neighbors.get(neighbor, {})
        if told.get("state") != "up":
            return f"{name} says: {told.get('error') or told.get('state') or 'no such neighbor'}"
    return None


def farthest(config: Config, names: Iterable[str], start: str) -> str:
    """Return the server in `names` with most links between it and `start`; of several, the file's last."""
    inside = tuple(names)
    hops = {start: 0}
    reached = [start]
    for name in reached:  # grows while it is walked: breadth first
        for neighbor in config.server(name).neighbors:
            if neighbor in inside and neighbor not in hops:
                hops[neighbor] = hops[name] + 1
                reached.append(neighbor)
    in_file_order = [name for name in config.names if name in hops]
    return max(reversed(in_file_order), key=hops.__getitem__)
